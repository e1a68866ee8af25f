"""A visit of a download page as with a browser: open it, read the files, press a button.

It does only what a browser must do here: it reads the form from the page, submits it, and follows
the redirect. A pressed button counts as a field (HTML standard, "Form submission").
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

_TIMEOUT = 60  # seconds


class NotServed(Exception):
    """A page or file was not served; the message says what was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a form: the field that it sends, and its label."""

    name: str
    value: str
    label: str

    @property
    def is_for_one_file(self) -> bool:
        """Whether it fetches one file, by its number, and not all at once."""
        return self.name == "file" and self.value.isdecimal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page with one form. `action` is absolute."""

    url: str
    heading: str
    action: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A downloaded file: its URL, its file name, and its bytes."""

    location: str
    filename: str
    content: bytes


def open_page(url: str) -> Page:
    """The download page.

    Raises:
        NotServed: if there is none, or it has no form.
        OSError: if there is no answer.
    """
    status, _, body = _ask(url)
    if status != HTTPStatus.OK:
        raise NotServed(f"{url} answers {status}")
    reader = _Reader()
    reader.feed(body.decode())
    reader.close()
    if reader.form is None or reader.form.get("method", "").lower() != "post":
        raise NotServed(f"{url} has no form to fetch a file with")
    return Page(
        url=url,
        heading=" ".join(reader.heading.split()),
        action=urljoin(url, reader.form.get("action") or url),
        buttons=tuple(reader.buttons),
    )


def press(page: Page, button: Button) -> File:
    """The file that a button of the page downloads.

    Raises:
        NotServed: if the answer is not a file.
        OSError: if there is no answer.
    """
    form = urlencode({button.name: button.value}).encode()
    status, header, _ = _ask(page.action, form)
    location = header["Location"]
    if status != HTTPStatus.SEE_OTHER or not location:
        raise NotServed(f"pressing {button.label!r} on {page.url} answers {status}, no redirect")
    location = urljoin(page.action, location)
    status, header, content = _ask(location)
    if status != HTTPStatus.OK:
        raise NotServed(f"{button.label!r} on {page.url} leads to {status}")
    return File(location=location, filename=_filename(header), content=content)


def _filename(header: Message) -> str:
    """The name in Content-Disposition; browsers prefer `filename*` (RFC 6266 section 4.3)."""
    parameters = header.get_params(header="content-disposition") or []
    names: list[Any] = [value for name, value in parameters if name.lower() == "filename"]
    # `filename*` is parsed as a tuple of charset, language and text.
    extended = [name for name in names if isinstance(name, tuple)]
    return collapse_rfc2231_value((extended or names or [""])[0])


def _ask(url: str, form: bytes | None = None) -> tuple[int, Message, bytes]:
    """Status, header and body of the direct answer; redirects are not followed."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        raise NotServed(f"{url} is not an address of this machine")
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT)
    target = address._replace(scheme="", netloc="", fragment="").geturl() or "/"
    try:
        if form is None:
            connection.request("GET", target)
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", target, form, kind)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except http.client.HTTPException as error:
        raise NotServed(f"{url} does not answer HTTP: {error!r}") from error
    finally:
        connection.close()


@dataclass(slots=True)
class _Open:
    """A button whose end tag was not read yet."""

    attributes: Mapping[str, str]
    texts: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Finds the first heading, the form and its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.heading = ""
        self.form: Mapping[str, str] | None = None
        self.buttons: list[Button] = []
        self._button: _Open | None = None
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = attributes
        elif tag == "button":
            self._button = _Open(attributes)
        elif tag == "h1":
            self._in_heading = not self.heading

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button.texts.append(data)
        if self._in_heading:
            self.heading += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self._in_heading = False
        if tag == "button" and self._button is not None:
            attributes, texts = self._button.attributes, self._button.texts
            self.buttons.append(
                Button(
                    name=attributes.get("name", ""),
                    value=attributes.get("value", ""),
                    label=" ".join("".join(texts).split()),
                )
            )
            self._button = None
