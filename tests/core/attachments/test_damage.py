"""Recipients are informed of files that may differ from the device's."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.attachments.attachment import content_of, find_attachments
from relay_core.attachments.damage import damage_note, may_be_damaged
from relay_core.mime.parsing import parse_message
from relay_core.wording.wording import Wording
from tests.strategies import Drawn, mails

HEAD = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
BASE64 = b"Content-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n"
UUENCODE = b"Content-Type: a/b; name=f\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
END = b"\r\n--b--\r\n"
TOLD = "These files may be damaged: the device did not encode them correctly. "


def damaged(raw: bytes) -> list[bool]:
    message = parse_message(raw)
    return [
        may_be_damaged(message, one, sum(map(len, content_of(message, one))))
        for one in find_attachments(message)
    ]


@given(mails())
def test_no_file_of_a_good_mail_is_said_to_be_damaged(drawn: Drawn) -> None:
    assert not any(damaged(drawn.raw))


@given(st.binary(max_size=200), st.integers(0, 3))
def test_blanks_and_padding_do_no_damage(content: bytes, blanks: int) -> None:
    encoded = base64.b64encode(content)
    loose = (b" " * blanks).join([encoded[:5], encoded[5:].rstrip(b"=")])
    assert [False] == damaged(HEAD + BASE64 + loose + END)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (BASE64 + b"QUJD", False),
        (BASE64 + b"data:image/png;base64,QUJD", False),
        (BASE64 + b"QUJ-", False),
        (BASE64 + b"QQ==\r\nQUI=\r\nQUJD", False),
        (BASE64 + b"QUJD\r\n=zH6Q", False),
        (BASE64 + b"QQ==\r\n=zH6Q", False),
        (BASE64 + b"QUJDR", True),
        (BASE64 + b"QU#JD", True),
        (UUENCODE + b"begin 644 f\r\n#0V%T\r\n`\r\nend", False),
        (UUENCODE + b"begin 644 f\r\n#0V%T", True),
        (b"Content-Type: a/b; name=f\r\nContent-Transfer-Encoding: x-odd\r\n\r\nQUJD", True),
        (b"\r\nbegin 644 f\r\n#0V%T\r\n`\r\nend", False),
        (b"\r\nbegin 644 f\r\n#0V%T", True),
    ],
)
def test_a_file_that_is_not_whole_may_be_damaged(part: bytes, expected: bool) -> None:  # noqa: FBT001
    assert [expected] == damaged(HEAD + part + END)


def test_a_mail_that_is_cut_off_damages_its_last_file() -> None:
    assert [False] == damaged(HEAD + BASE64 + b"QUJD")
    assert [True] == damaged(HEAD + BASE64 + b"QUJDRE")
    assert [False] == damaged(HEAD + BASE64 + b"QUJDRE" + END)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["a"], "The file a may be damaged: the device did not encode it correctly."),
        (
            [str(number) for number in range(12)],
            TOLD + "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more",
        ),
    ],
)
def test_the_note_names_them(names: list[str], expected: str | None) -> None:
    assert expected == damage_note(names, Wording())
