"""The pictures of the documents, drawn from data: `python -m pictures` (`make pictures`).

They are SVG, written by a few functions for shapes (`svg`). The same data gives the same bytes, so
a test draws each again and compares. The data is in `docs/pictures/bench.json` (`plots`), or comes
from the program itself (`scenes`): its `dashboard` with `sample_data`, a `mail` before and after,
and `relayctl` on a `terminal`.

GitHub shows a picture of a repository as a separate image: scripts do not run in it, but styles
apply. Each has its own background and follows the reader's colour scheme (CSS Media Queries 5,
`prefers-color-scheme`), so it is readable on any page.
"""

from pathlib import Path

_DOCS = Path(__file__).resolve().parents[1] / "docs"

FOLDER = _DOCS / "pictures"
"""The folder of the pictures."""

FIGURES = FOLDER / "bench.json"
"""Their data: the output of `python -m benchmarks --json`."""

SCALING = _DOCS / "scaling.md"
"""The document with tables of the same figures."""
