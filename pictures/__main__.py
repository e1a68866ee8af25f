"""`python -m pictures`: draw every picture again, and write the tables of docs/scaling.md.

With a file of `python -m benchmarks --json` as argument, its figures replace the stored ones.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.scaling import with_tables
from pictures import FIGURES, FOLDER, SCALING
from pictures.plots import plots
from pictures.scenes import scenes
from pictures.svg import document


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("figures", nargs="?", type=Path, help="new figures")
    taken: Path | None = parser.parse_args().figures
    figures = json.loads((taken or FIGURES).read_text("utf-8"))
    if taken is not None:
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    for name, picture in {**plots(figures), **scenes()}.items():
        (FOLDER / name).write_text(document(picture), "utf-8")
    SCALING.write_text(with_tables(SCALING.read_text("utf-8"), figures), "utf-8")


if __name__ == "__main__":
    main()
