"""Codes that the mailer has wrapped."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.recipient_code.mails_with_codes import (
    check_that_no_code_is_left,
    code,
    recipients,
    relay,
)
from tests.core.recipient_code_strategies import ADDR_SPECS, MARKER


def quoted_printable(text: str, width: int) -> bytes:
    """Encoded with a soft break after every `width` characters, also within words."""
    encoded = quopri.encodestring(text.encode(), quotetabs=False).replace(b"=\n", b"")
    lines = []
    for line in encoded.split(b"\n"):
        start = 0
        while len(line) - start > width:
            end = start + width
            while b"=" in line[end - 2 : end]:  # not within =XX
                end -= 1
            lines.append(line[start:end] + b"=")
            start = end
        lines.append(line[start:])
    return b"\r\n".join(lines)


@pytest.mark.parametrize("width", [5, 7, 20, 70])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_code_runs_over_quoted_printable_soft_breaks(width: int, kind: str) -> None:
    everybody = ["anna@example.com", "ben.longname@sub.example.net", "cleo@example.org"]
    text = f"Tür auf.\n{code(*everybody)}\nEnde.\n"
    if kind == "html":
        text = f"<p>Tür auf.</p><p>{code(*everybody)}</p><p>Ende.</p>"
    world, _ = relay(
        f"Content-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        + quoted_printable(text, width)
    )
    assert everybody == recipients(world)
    check_that_no_code_is_left(world, *everybody[1:])


@pytest.mark.parametrize(
    ("parameters", "written"),
    [
        # RFC 3676 section 4.2: a line that ends in a space is continued in the next.
        (
            "format=flowed",
            ":{m}:anna@example.com, \r\nben@example.net, \r\ncleo@example.org:{m}:\r\n",
        ),
        ("format=flowed", ":{m}: \r\nanna@example.com,ben@example.net,cleo@example.org :{m}:\r\n"),
        (
            "format=flowed",
            "Text: :{m}:anna@example.com; ben@example.net; \r\ncleo@example.org:{m}: \r\nmore\r\n",
        ),
        # Space-stuffed (section 4.4), with a signature.
        (
            "format=flowed",
            " :{m}:anna@example.com,\r\n ben@example.net,\r\n cleo@example.org:{m}:\r\n-- \r\n",
        ),
        # With DelSp the space goes too, so that a word may be broken (section 4.1).
        (
            "format=flowed; delsp=yes",
            ":{m}:anna@exam \r\nple.com,ben@example.net,cleo@ \r\nexample.org:{m}:\r\n",
        ),
        (
            "format=flowed; delsp=yes",
            ":{m}:anna@example.com,ben \r\n@example.net,cleo@example.org:{h1} \r\n{h2}:\r\n",
        ),
    ],
)
def test_a_code_runs_over_the_lines_of_flowed_text(parameters: str, written: str) -> None:
    text = written.format(m=MARKER, h1=MARKER[:6], h2=MARKER[6:])
    world, _ = relay(f"Content-Type: text/plain; {parameters}\r\n\r\n{text}".encode())
    assert ["anna@example.com", "ben@example.net", "cleo@example.org"] == recipients(world)
    check_that_no_code_is_left(world, "ben@example.net", "cleo@example.org")


@given(
    st.lists(
        ADDR_SPECS.filter(lambda one: '"' not in one), min_size=1, max_size=8, unique_by=str.lower
    ),
    st.integers(66, 78),
)
def test_however_flowed_text_breaks_a_list_at_its_blanks_it_says_the_same(
    addresses: list[str], width: int
) -> None:
    lines = [f":{MARKER}:"]
    for address in addresses:
        word = f" {address},"
        if len(lines[-1]) + len(word) > width:
            lines[-1] += " "
            lines.append(word[1:])
        else:
            lines[-1] += word
    text = "\r\n".join(lines) + f":{MARKER}:"
    world, _ = relay(f"Content-Type: text/plain; format=flowed\r\n\r\n{text}\r\n".encode())
    assert addresses == recipients(world)
