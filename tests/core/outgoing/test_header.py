"""Nothing in an incoming mail can add a field, a recipient or a line to an outgoing header."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from collections import Counter
from email.utils import getaddresses

from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.settings import Settings
from tests.core import oracle
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
SET_BY_US = {
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Mail-Relay",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "X-Own",
}

# Attempts to inject header fields, including forms that careless parsers accept.
_BREAKS = st.sampled_from(
    ["\r\n", "\n", "\r", "\n\n", "\r\n\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\x00", "\x1b"]
)
_FIELDS = st.sampled_from(
    [
        "Bcc: eve@evil.example",
        "To: eve@evil.example",
        "Cc: eve@evil.example",
        "Reply-To: eve@evil.example",
        "Return-Path: <eve@evil.example>",
        "X-Injected: yes",
        "Content-Type: text/html",
        "\t folded",
        "",
    ]
)
_PIECES = st.sampled_from(
    ['"', "\\", "<", ">", ",", ";", ":", "(", ")", "@", "=?", "?=", "eve@evil.example", " "]
)
EVIL = st.lists(_BREAKS | _FIELDS | _PIECES | st.text(max_size=4), min_size=1, max_size=8).map(
    "".join
)


def encoded_word(text: str, how: str) -> str:
    content = text.encode()
    if how == "b":
        return f"=?utf-8?b?{base64.b64encode(content).decode()}?="
    return "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in content) + "?="


@st.composite
def evil_values(draw: st.DrawFn) -> bytes:
    """A field's value with an injection, encoded or plain."""
    text = draw(EVIL)
    form = draw(st.sampled_from(["b", "q", "quoted", "folded", "group", "raw"]))
    if form in {"b", "q"}:
        written = encoded_word(text, form)
    elif form == "quoted":
        written = '"' + re.sub(r'(["\\])', r"\\\1", re.sub(r"[\r\n]", "", text)) + '"'
    elif form == "folded":
        written = text.replace("\n", "\n ").replace("\r", "\r ")
    elif form == "group":
        written = f"Everyone: {encoded_word(text, 'q')} <eve@evil.example>, b@evil.example;"
    else:
        written = re.sub(r"[\r\n]", " ", text)
    tail = draw(
        st.sampled_from(["", " <cam@plant.example>", " <cam>", " <a@b.example> <c@d.org>"])
    )
    return (written + tail).encode("utf-8", "surrogatepass")


@st.composite
def evil_mails(draw: st.DrawFn) -> bytes:
    values = {name: draw(evil_values()) for name in (b"From", b"Subject", b"X-Own", b"To", b"Cc")}
    name = draw(EVIL)
    filename = draw(
        st.sampled_from(
            [
                encoded_word(name, "q"),
                "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "replace")),
                re.sub(r'[\r\n"\\]', "_", name),
            ]
        )
    ).encode()
    disposition = draw(st.sampled_from([b'filename="%s"', b"filename*=utf-8''%s"])) % filename
    header = b"".join(name + b": " + value + b"\r\n" for name, value in values.items())
    return (
        header
        + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + b"--b\r\nContent-Type: text/plain\r\n\r\n"
        + b":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
        + b"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; "
        + disposition
        + b"\r\n\r\nxyz\r\n--b--\r\n"
    )


def sent(raw: bytes) -> list[bytes]:
    world = MemoryWorld()
    world.relay(raw, SETTINGS)
    assert {"anna@example.com"} >= {one.recipient for one in world.submission.outbox}
    assert {"relay@mail.example.com"} >= {one.sender for one in world.submission.outbox}
    return [one.raw for one in world.submission.outbox]


@given(evil_mails())
@example(
    b"From: =?utf-8?q?a=0D=0ABcc:_eve@evil.example?= <cam@plant.example>\r\n\r\n"
    b":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"
)
def test_no_header_of_the_incoming_mail_can_inject_one_into_ours(raw: bytes) -> None:
    for outgoing in sent(raw):
        head, _, _ = outgoing.partition(b"\r\n\r\n")
        names = []
        for line in head.split(b"\r\n"):
            assert not re.search(rb"[^ -~\t]", line), line
            if line[:1] in {b" ", b"\t"}:
                assert line.strip()
            else:
                name, colon, _ = line.partition(b":")
                assert colon
                names.append(name.decode())
        # Neither the mail's own fields nor injected ones add a field to those of the relay.
        assert SET_BY_US >= set(names)
        assert 1 == max(Counter(names).values())
        message = oracle.parse(outgoing)
        assert [("", "anna@example.com")] == getaddresses([str(message["To"])])
        assert message["Cc"] is None
        assert message["Bcc"] is None
        assert "relay@mail.example.com" == only_address(outgoing, "From")


@given(evil_mails())
def test_replies_go_to_one_real_address_or_to_no_other(raw: bytes) -> None:
    for outgoing in sent(raw):
        fields = email.message_from_bytes(outgoing, policy=email.policy.compat32)
        replies = fields.get_all("Reply-To") or []
        assert len(replies) <= 1
        for reply in replies:
            try:
                parse_addr_spec(reply)
            except InvalidAddress as error:
                raise AssertionError(reply) from error


def only_address(outgoing: bytes, name: str) -> str:
    header = email.message_from_bytes(outgoing, policy=email.policy.default)[name]
    (address,) = header.addresses
    return str(address.addr_spec)
