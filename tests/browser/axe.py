"""axe, the checker of accessibility, in an open page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import (  # type: ignore[import-untyped] # it says nothing of types
    AXE_SCRIPT,
    AxeResults,
)
from playwright.sync_api import Page

from tests.browser.visits import Scheme

RULES: dict[Scheme, Sequence[str]] = {
    "light": (),
    "dark": ("color-contrast", "link-in-text-block"),
}
"""What to check in each colour scheme: all; then what depends on the colours."""

# What passed is not returned: it is most of the result.
_RUN = """
([part, options]) => axe.run(part ?? document, options).then(
  ({violations, incomplete}) => ({violations, incomplete}))
"""


def run_axe(
    page: Page, part: str | None = None, *, rules: Sequence[str] = (), frames: bool = True
) -> AxeResults:
    """What axe finds wrong in `page`, and what it cannot decide.

    `part`: a selector of what to check, else everything. `rules`: those to check, else all.
    `frames`: check the documents in frames too. The script is loaded once a document.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations", "incomplete"], "iframes": frames}
    if rules:
        options["runOnly"] = list(rules)
    return AxeResults(page.evaluate(_RUN, [part, options]))
