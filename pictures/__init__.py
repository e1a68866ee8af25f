"""The pictures that the documents show, drawn from data: `python -m pictures` (`make pictures`).

They are SVG, written by hand-made functions of a few shapes: the same data gives the same bytes,
so a test draws each again and compares. What they are drawn from lies beside them
(`docs/pictures/bench.json`) or is the program itself (`pictures.scenes`).

GitHub shows a picture of a repository as an image of its own: scripts do not run in it, styles
do. Each has its own background and follows the reader's colour scheme (CSS Media Queries 5,
`prefers-color-scheme`), so that it can be read on any page.
"""

from pathlib import Path

_DOCS = Path(__file__).resolve().parents[1] / "docs"

FOLDER = _DOCS / "pictures"
"""Where the pictures lie."""

FIGURES = FOLDER / "bench.json"
"""What they are drawn from: the output of `python -m benchmarks --json`."""

SCALING = _DOCS / "scaling.md"
"""The document whose tables follow from the same figures."""
