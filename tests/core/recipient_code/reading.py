"""Recipient codes as the tests write them, and what is read in a text or in HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from relay_core.html.text import VOID_ELEMENTS
from relay_core.recipient_code import (
    CodeError,
    Entry,
    Found,
    Group,
    find_in_html,
    find_in_text,
    format_error,
)
from tests.core.recipient_code_strategies import MARKER


def spelled(text: str) -> str:
    """Examples write M for the marker."""
    return text.replace("M", MARKER)


def in_text(text: str) -> Found:
    return find_in_text(text, (MARKER,))


def in_html(html: str) -> Found:
    return find_in_html(html, (MARKER,))


def entries(found: Found) -> list[str]:
    """All entries, addresses as such and groups with their @."""
    return [name(entry) for code in found.codes for entry in code.entries]


def name(entry: Entry) -> str:
    return f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec


def errors(found: Found) -> list[CodeError]:
    return [error for code in found.codes for error in code.errors]


def check(text: str, found: Found) -> None:
    """Check the laws of all results."""
    edges = [edge for span in found.removals for edge in span]
    assert sorted(set(edges)) == edges
    assert all(0 <= edge <= len(text) for edge in edges)
    assert bool(found.codes) <= bool(found.removals)  # one in a comment is only removed
    for code in found.codes:
        assert code.entries or code.errors
        for error in code.errors:
            assert 0 <= error.span.start <= error.span.end <= len(text)
            message, line, caret = format_error(text, error).split("\n")
            assert error.expected in message
            assert len(line) < 140
            assert "^" == caret.strip()[:1]
            assert set(caret) <= {" ", "^"}


class Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.holds = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        self.holds = self.holds and bool(self.open) and self.open.pop() == tag


def is_balanced(html: str) -> bool:
    parser = Balance()
    parser.feed(html)
    parser.close()
    return parser.holds and not parser.open


MANY = 20_000


def check_ends(find: object, text: str) -> None:
    assert callable(find)
    found = find(text)
    assert [] == [span for span in found.removals if span.end > len(text)]
