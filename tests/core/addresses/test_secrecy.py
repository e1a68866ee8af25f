"""The inbound address is in no outgoing mail in any spelling, wherever a device wrote it."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
import re
import unicodedata
from email.header import decode_header, make_header
from html import unescape
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay_core.addresses.secrecy import MARK, conceal
from relay_core.record.manifest_json import parse_manifest
from relay_core.settings import Settings
from tests.fakes import MemoryWorld

SECRET = "devices-7f3k9@in.example.com"
SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address=SECRET,
    allowed_recipients=("example.com",),
)
CODE = ":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"
INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff"


def understood(text: str) -> str:
    """The text with all encodings decoded, URL and HTML escapes up to three times."""
    for _ in range(3):
        text = unescape(unquote(text))
        text = re.sub(r"\\(?:u00|x)([0-9a-fA-F]{2})", lambda one: chr(int(one[1], 16)), text)
    text = quopri.decodestring(text.encode()).decode("utf-8", "replace")
    text = re.sub(r"<!--.*?-->|</?[A-Za-z][^<>]*>", "", text)
    text = re.sub(r"\([^()]*\)|[\s\"']", "", text)
    text = text.translate(dict.fromkeys(map(ord, INVISIBLE)))
    return unicodedata.normalize("NFKC", text).replace("\u3002", ".").lower()


# One character of the address, as HTML, URLs, JSON and faulty programs escape it.
WAYS = (
    lambda one: one,
    str.upper,
    lambda one: f"%{ord(one):02X}",
    lambda one: f"%25{ord(one):02x}",
    lambda one: f"&#{ord(one)};",
    lambda one: f"&#x{ord(one):x};",
    lambda one: f"&amp;#{ord(one):05};",
    lambda one: f"\\u{ord(one):04x}",
    lambda one: chr(ord(one) + 0xFEE0),
    lambda one: f"<b>{one}</b>",
    lambda one: f"{one}<!-- x -->",
    lambda one: f"{one}\u200b",
    lambda one: f"{one}&shy;",
    lambda one: {"@": " (at) @ ", ".": "\u3002"}.get(one, one),
)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """The address with each character in one of the spellings; mostly few kinds in one address."""
    ways = draw(st.lists(st.sampled_from(WAYS), min_size=1, max_size=3))
    address = SECRET.replace("@", draw(st.sampled_from(["@", "+cam@"])))
    return "".join(draw(st.sampled_from(ways))(one) for one in address)


@given(spellings(), st.sampled_from(["", "To: ", "<", "mailto:", "x", "a@b.example, "]))
@example("devices-7f3k9 (x) @ [in.example.com]", "")
@example('"devices-7f3k9"@in . example . com', "")
@example("=64evices-7f3k9=40in.example.com", "")
@example("DEVICES-7F3K9", "")
def test_every_spelling_is_found_and_its_neighbours_stay(spelling: str, before: str) -> None:
    concealed = conceal(f"{before}{spelling} Words.", (SECRET,))
    assert MARK in concealed
    assert concealed.startswith(before)
    assert concealed.endswith(" Words.")
    assert "devices-7f3k9" not in understood(concealed)


@given(st.text(max_size=80))
@example("devices@in.example.com devices-7f3k8@in.example.com in.example.com 100% a=40 &amp; @ b@")
def test_other_words_stay_as_they_are(text: str) -> None:
    assert text == conceal(text, (SECRET,))


def test_there_may_be_several() -> None:
    assert f"{MARK} {MARK} c@x.org" == conceal("b@x.org a@x.org c@x.org", ("a@x.org", "b@x.org"))


# --- the mail as a whole


def part(text: str, subtype: str, charset: str, encoding: str) -> str:
    content = text.encode(charset)
    if encoding == "base64":
        body = base64.encodebytes(content).decode()
    elif encoding == "quoted-printable":
        body = quopri.encodestring(content).decode()
    else:
        body = content.decode("latin-1")
    return (
        f"Content-Type: text/{subtype}; charset={charset}\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{body}"
    )


def written(word: str, how: str) -> str:
    if how == "b":
        return f"=?utf-8?b?{base64.b64encode(word.encode()).decode()}?="
    if how == "q":
        return "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in word.encode()) + "?="
    return word


def all_texts(raw: bytes) -> list[str]:
    """Every field and every text of a mail, decoded."""
    texts = [raw.decode("latin-1")]
    for one in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        texts += [str(make_header(decode_header(str(value)))) for value in one.values()]
        texts.append(str(one.get_filename() or ""))
        if not one.is_multipart():
            content = one.get_payload(decode=True)
            assert isinstance(content, bytes)
            texts.append(content.decode(one.get_content_charset() or "latin-1", "replace"))
        texts += [one.preamble or "", one.epilogue or ""]
    return texts


@settings(max_examples=60)
@given(
    spelling=spellings() | st.just(SECRET),
    how=st.sampled_from(["b", "q", "as it is"]),
    charset=st.sampled_from(["utf-8", "utf-16"]),
    encoding=st.sampled_from(["base64", "quoted-printable"]),
)
def test_no_field_and_no_text_that_goes_out_holds_it(
    spelling: str, how: str, charset: str, encoding: str
) -> None:
    name = quote(spelling)
    author = SECRET if "<" in spelling else spelling  # in From, "<" begins an address
    header = "".join(
        f"{name}: {written(spelling, how)}\n"
        for name in (
            "Subject",
            "Comments",
            "Keywords",
            "X-Mailer",
            "Thread-Topic",
            "X-Envelope-To",
        )
    )
    raw = (
        f"From: {written(author, how)} <cam@site.example>\n"
        f"Reply-To: {SECRET}\nTo: {SECRET}\n{header}Message-ID: <1.{SECRET}>\n"
        f"References: <{SECRET}> <2@site.example>\n"
        f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_{SECRET}"\n'
        f"Content-Description: {written(spelling, how)}\n\n{SECRET}\n"
        f"--=_{SECRET}\nContent-Type: multipart/alternative; boundary=b\nX-To: {SECRET}\n\n"
        f"--b\n{part(f'Words {spelling} {CODE}', 'plain', charset, encoding)}\n"
        f"--b\n{part(f'<p>Words <i>{spelling}</i></p>', 'html', charset, encoding)}\n--b--\n"
        f"--=_{SECRET}\nContent-Type: text/csv\n\na;{spelling}\n"
        f"--=_{SECRET}\nContent-Type: application/pdf; name*=utf-8''{name}.pdf\n"
        f"Content-Disposition: attachment\n\nfile\n"
        f"--=_{SECRET}--\n{SECRET}\n"
    )
    world = MemoryWorld()
    world.relay(raw.encode("utf-8", "surrogatepass"), SETTINGS)
    (sent,) = world.submission.outbox
    for text in all_texts(sent.raw):
        assert "devices-7f3k9" not in understood(text)
    assert any("Words" in text for text in all_texts(sent.raw))
    assert b"<2@site.example>" in sent.raw
    ((document, _),) = world.manifests.documents.values()
    stored = parse_manifest(document)
    assert all("devices-7f3k9" not in understood(one.filename) for one in stored.attachments)
    assert all("devices-7f3k9" not in understood(one.key) for one in stored.attachments)
    assert "devices-7f3k9" not in understood(stored.subject)


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", "message/rfc822"])
def test_what_is_in_a_file_stays_as_it_is(kind: str) -> None:
    raw = (
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        f"--b\n\n{CODE}\n--b\nContent-Type: {kind}\nContent-Disposition: attachment\n\n"
        f"Subject: x\n\n{SECRET}\n--b--\n"
    )
    world = MemoryWorld()
    world.relay(raw.encode(), SETTINGS)
    (file,) = world.attachments.attachments.values()
    assert SECRET.encode() in file.content
