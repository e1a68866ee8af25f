"""`python -m tests.browser.recipient_pictures`: mail and pages as recipients see them.

Each scene, in three languages, on a phone and at a desk, light and dark, as a picture in
`build/pictures/recipients`, to be looked at; and the two sheets of docs/mail.md, made of some of
them. Chromium's version and the machine's fonts are in every pixel, so no test draws them again.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from relay_core.wording.language import Language
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.recipient_scenes import scenes
from tests.browser.test_recipients import show

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "pictures" / "recipients"
DOCUMENTS = ROOT / "docs" / "pictures"
LANGUAGES = (Language.ENGLISH, Language.GERMAN, Language.ARABIC)
SCREENS = {
    "phone": ViewportSize(width=320, height=568),
    "desktop": ViewportSize(width=900, height=700),
}
SHEETS = {
    "recipient-mail.png": [
        ("mail", "en", "light"),
        ("mail", "de", "dark"),
        ("mail", "ar", "light"),
    ],
    "recipient-page.png": [
        ("files", "en", "light"),
        ("files", "ar", "dark"),
        ("expired", "de", "light"),
    ],
}


def main() -> int:
    """Draw them, where there is a browser; return the exit status."""
    if CHROMIUM is None:
        sys.stderr.write(
            "the pictures of a browser are left as they are: no Chromium on this machine"
            " (apt-get install chromium)\n"
        )
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        number = sum(1 for _ in _drawn(browser))
        for name, wanted in SHEETS.items():
            _sheet(browser.new_page(), DOCUMENTS / name, wanted)
        browser.close()
    sys.stdout.write(f"{number} pictures in {FOLDER.relative_to(ROOT)}\n")
    return 0


def _drawn(browser: Browser) -> Iterator[Path]:
    for (screen, size), scheme in product(SCREENS.items(), ("light", "dark")):
        options: dict[str, Any] = {"viewport": size, "color_scheme": scheme}
        context = browser.new_context(**options, is_mobile=screen == "phone")
        page = context.new_page()
        for language in LANGUAGES:
            for scene in scenes(language):
                show(page, scene)
                path = _path(scene.name, language.value, scheme, screen)
                page.screenshot(path=path, full_page=True)
                yield path
        context.close()


def _path(scene: str, language: str, scheme: str, screen: str = "phone") -> Path:
    return FOLDER / f"{scene.replace(' ', '-')}-{language}-{screen}-{scheme}.png"


def _sheet(page: Page, target: Path, wanted: list[tuple[str, str, str]]) -> None:
    """Some pictures side by side."""
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(_path(*one).read_bytes()).decode()}">'
        for one in wanted
    )
    page.set_viewport_size(ViewportSize(width=340 * len(wanted) + 20, height=600))
    page.set_content(
        "<style>body{display:flex;gap:20px;margin:20px;align-items:start;background:#8a94a0}"
        f"img{{border-radius:8px}}</style>{images}"
    )
    page.screenshot(path=target, full_page=True)


if __name__ == "__main__":
    sys.exit(main())
