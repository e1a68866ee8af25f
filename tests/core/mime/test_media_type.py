"""Laws of values with parameters."""

from __future__ import annotations

import email
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.mime.media_type import parse_media_type
from relay_core.mime.parameter_writing import format_parameterised
from relay_core.mime.parameters import parse_any_parameterised, parse_parameterised
from relay_core.text.charset_labels import known_charset
from tests.strategies import FILENAMES


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=200))
def test_parse_is_the_inverse_of_format(value: str) -> None:
    written = format_parameterised("attachment", {"filename": value}).replace("\r\n", "")
    parsed = parse_parameterised(written.encode("ascii"))
    assert "attachment" == parsed.word
    # Forms without quotes do not keep blanks around a value.
    assert value.strip(" \t") == parsed.parameters["filename"].strip(" \t")


@given(FILENAMES)
def test_the_library_reads_what_we_write(name: str) -> None:
    written = format_parameterised("attachment", {"filename": name})
    message = email.message_from_string(f"Content-Disposition: {written}\r\n\r\n")
    assert name == message.get_filename()
    assert all(len(line) <= 120 for line in written.split("\r\n"))


@given(FILENAMES)
def test_a_name_is_read_by_programs_that_know_encoded_words_alone(name: str) -> None:
    # Outlook shows "untitled" for a name that is given in the form of RFC 2231 only.
    written = format_parameterised("image/jpeg", {"name": name})
    assert "*=" not in written
    assert all(len(line) <= 120 for line in written.split("\r\n"))
    assert name == parse_media_type(written.replace("\r\n", "").encode("ascii")).parameters["name"]
    message = email.message_from_string(f"Content-Type: {written}\r\n\r\n", policy=default)
    assert name == message["content-type"].params["name"]


@given(st.binary(max_size=200))
def test_any_bytes_are_read(value: bytes) -> None:
    parse_parameterised(value)
    parse_media_type(value)


@pytest.mark.parametrize(
    "value",
    [
        b"(" * 50_000,
        b"text/plain; " + b"(" * 50_000 + b")",
        b'text/plain; name="' + b"\\" * 50_001,
        b"text/plain" + b"; a*0*=x" * 20_000,
        b"text/plain; " + b"; ".join(b"a*%d*=x" % i for i in range(20_000)),
        b"text/plain; a=" + b'\\"' * 50_000,
        b"text/plain; a=" + b'""' * 50_000 + b"\\" * 50_000,
        b"text/plain" + b'; a=\\"b' * 20_000,
        b"text/plain" + b'; name="b' * 20_000,
        b'text/plain; name="' + b'; a=\\"; name=' * 20_000 + b'"x',
        b'text/plain; a="b"' + b' name="b"' * 20_000,
        b'text/plain; a="b"' + b" " * 50_000,
        b'text/plain; name="' + b'=?a"?q?' * 20_000,
        b"text/plain" + b'; name*=a"x' * 20_000,
    ],
)
def test_hostile_values_end(value: bytes) -> None:
    parse_media_type(value)


@pytest.mark.parametrize(
    ("value", "full", "parameters"),
    [
        (b"text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b'TEXT/Plain;CHARSET = "UTF-8" (x)', "text/plain", {"charset": "UTF-8"}),
        (
            b"text/plain; charset=us-ascii (Plain (nested) text)",
            "text/plain",
            {"charset": "us-ascii"},
        ),
        (
            b"image/jpeg; name=two words.jpg; x=y",
            "image/jpeg",
            {"name": "two words.jpg", "x": "y"},
        ),
        (b'image/jpeg; name="a;b\\"c.jpg"', "image/jpeg", {"name": 'a;b"c.jpg'}),
        (b'image/jpeg; name="C:\\dir\\a.jpg"', "image/jpeg", {"name": "C:\\dir\\a.jpg"}),
        (b"image/jpeg; name*=utf-8'en'%C3%A4.jpg", "image/jpeg", {"name": "ä.jpg"}),
        (b"image/jpeg; name*1=b.jpg; name*0=a", "image/jpeg", {"name": "ab.jpg"}),
        (b"image/jpeg; name*0*=iso-8859-1''%E4; name*1=%41", "image/jpeg", {"name": "ä%41"}),
        (b"image/jpeg; name=x.jpg; name*=utf-8''y.jpg", "image/jpeg", {"name": "y.jpg"}),
        (b'image/jpeg; name="=?utf-8?b?w6Q=?=.jpg"', "image/jpeg", {"name": "ä.jpg"}),
        (b"image/image/png", "image/png", {}),
        (b"text", "text/plain", {}),
        (b"", "text/plain", {}),
        (b"nonsense", "application/octet-stream", {}),
        (b'image/png; name="never closed; x=y', "image/png", {"name": "never closed", "x": "y"}),
    ],
)
def test_it_reads_what_devices_write(value: bytes, full: str, parameters: dict[str, str]) -> None:
    media_type = parse_media_type(value)
    assert full == media_type.full
    assert parameters == media_type.parameters


@pytest.mark.parametrize(
    "label",
    ['Windows-1251"', 'Windows-1251"x', '"Windows-1251"', '"Windows-1251"x'],
)
@pytest.mark.parametrize(
    "form",
    [
        b"name==?%b?Q?=CF=EE=E6=E0=F0.pdf?=",
        b'name="=?%b?Q?=CF=EE=E6=E0=F0.pdf?="',
        b"name*=%b''%%CF%%EE%%E6%%E0%%F0.pdf",
        b"name*=%b'ru'%%CF%%EE%%E6%%E0%%F0.pdf",
        b"name*0*=%b''%%CF%%EE; name*1*=%%E6%%E0%%F0.pdf",
        b'charset=%b; name="\xcf\xee\xe6\xe0\xf0.pdf"',
    ],
)
def test_a_quote_in_the_label_of_a_charset_is_in_no_name(form: bytes, label: str) -> None:
    value = b"image/png; " + form % label.encode() + b'; x="y z"'
    parameters = parse_media_type(value, charsets=("windows-1251",)).parameters
    assert {"name": "Пожар.pdf", "x": "y z"} == {one: parameters[one] for one in ("name", "x")}
    if "charset" in parameters:
        assert "cp1251" == known_charset(parameters["charset"])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b'image/png; name*=utf-8"caf%C3%A9.png', "café.png"),
        (b"image/png; name*=utf-8\"'caf%C3%A9.png", "café.png"),
        (b"image/png; name*=utf-8'x\"'caf%C3%A9.png", "café.png"),
        (b"image/png; name*=\"utf-8''caf%C3%A9.png\"", "café.png"),
        (b'image/png; name*="utf-8"', "utf-8"),
        (b'image/png; charset="utf-8; name="a b.png"', "a b.png"),
        (b'image/png; charset="utf-8" name="a b.png"', "a b.png"),
        (b'image/png; charset="utf-8", name=a b.png', "a b.png"),
        (b'image/png; name="a" x="b"', "a"),
        (b'image/png; name="a" name="b"', "a"),
        (b'image/png; x="say "name=b"; name=c', "c"),
        (b'image/png; name="a; name="', "a; name="),
        (b'image/png; name="a; size="10"', "a"),
    ],
)
def test_a_quote_that_is_missing_ends_no_name(value: bytes, name: str) -> None:
    assert name == parse_media_type(value).parameters["name"]


@pytest.mark.parametrize(
    ("value", "boundaries"),
    [
        (b"multipart/mixed; boundary=b", [b"b"]),
        (
            b'multipart/mixed; boundary="XXXXboundary text"',
            [b"XXXXboundary text", b"XXXXboundarytext"],
        ),
        (
            b"multipart/mixed; boundary=XXXXboundary text",
            [b"XXXXboundary text", b"XXXXboundarytext"],
        ),
        (b'multipart/mixed; boundary="a \t b"', [b"a \t b", b"a b", b"ab"]),
        (b'multipart/mixed; boundary="trailing  "', [b"trailing"]),
        (b'multipart/mixed; boundary="\xe4"', [b"\xe4"]),
        (b"multipart/mixed; (boundary=x) boundary=y", [b"y"]),
        (b"multipart/mixed; boundary=", []),
        (b"multipart/mixed", []),
    ],
)
def test_a_boundary_is_bytes(value: bytes, boundaries: list[bytes]) -> None:
    assert boundaries == list(parse_media_type(value).boundaries)


VALUES = st.lists(
    st.sampled_from(
        [
            *(
                b"text/plain",
                b"IMAGE/JPEG",
                b"attachment",
                b"text",
                b"; ",
                b";",
                b" ;\t",
                b"charset",
            ),
            *(
                b"Name",
                b"name*0",
                b"=",
                b'"',
                b" ",
                b"utf-8",
                b"=?utf-8?q?x?=",
                b"=?",
                b"\\",
                b"(",
            ),
            *(b")", b'="a b"', b'=" a"', b'="----=_x"', b"=x=y", b"=a/b:c@d", b"\xe9", b"?", b"'"),
        ]
    ),
    max_size=12,
).map(b"".join)


@given(VALUES)
@example(b'text/plain; charset="utf-8"; CHARSET=x;')
@example(b'a; name=" x "')
def test_what_is_simple_reads_as_anything_does(value: bytes) -> None:
    assert parse_any_parameterised(value) == parse_parameterised(value)
