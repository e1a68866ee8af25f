"""No Python file of the project is longer than 350 lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 350
NOT_OURS = {"build", "node_modules"}
"""Folders of what is built or installed; so is each whose name begins with a dot."""


def python_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in NOT_OURS and not path.name.startswith("."):
                yield from python_files(path)
        elif path.suffix == ".py":
            yield path


def test_no_python_file_is_longer_than_the_rule_says() -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in python_files()
    }
    assert {"__main__.py", "relay_core/relay.py", "tests/documents/test_length.py"} <= set(lengths)
    assert {} == {name: lines for name, lines in lengths.items() if lines > MAX_LINES}
