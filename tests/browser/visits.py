"""A page open in a browser, and what a person does there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request, ViewportSize

DESKTOP = ViewportSize(width=1280, height=800)
SMALL_PHONE = ViewportSize(width=320, height=568)

Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """An open `page`; `errors` are errors and warnings of its console, and dialogs."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console_message)
        self.page.on("pageerror", self._on_page_error)
        self.page.on("dialog", self._on_dialog)
        self.page.on("request", self._on_request)

    def close(self) -> None:
        """Leave the page, which stays open."""
        self.page.remove_listener("console", self._on_console_message)
        self.page.remove_listener("pageerror", self._on_page_error)
        self.page.remove_listener("dialog", self._on_dialog)
        self.page.remove_listener("request", self._on_request)

    def _on_console_message(self, message: ConsoleMessage) -> None:
        # Chromium logs an error for every page whose status is not 200.
        is_own_status = message.location["url"] == self.page.url and "status of" in message.text
        if message.type in {"error", "warning"} and not is_own_status:
            self.errors.append(message.text)

    def _on_page_error(self, error: Error) -> None:
        self.errors.append(str(error))

    def _on_dialog(self, dialog: Dialog) -> None:
        self.errors.append(dialog.message)
        dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)

    def download(self, act: Callable[[], None]) -> tuple[str, bytes]:
        """The name and the content of the file that `act` downloads."""
        with self.page.expect_download() as coming:
            act()
        path = coming.value.path()
        return coming.value.suggested_filename, Path(path).read_bytes()

    @property
    def scrolls_sideways(self) -> bool:
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(wide))


Open = Callable[..., Visit]
