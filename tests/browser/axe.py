"""axe, the checker of accessibility, in an open page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import (  # type: ignore[import-untyped] # it says nothing of types
    AXE_SCRIPT,
    AxeResults,
)
from playwright.sync_api import Page

# What passed is not returned: it is most of the result.
_RUN = """
([part, options]) => axe.run(part ?? document, options).then(
  ({violations, incomplete}) => ({violations, incomplete}))
"""


def run_axe(page: Page, part: str | None = None, **options: Any) -> AxeResults:
    """What axe finds wrong in `page`, and what it cannot decide.

    `part`: a selector of what to check, else everything. `options`: of axe's `run`. The script
    is loaded once a document.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations", "incomplete"], **options}
    return AxeResults(page.evaluate(_RUN, [part, options]))
