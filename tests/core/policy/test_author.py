"""The author of a mail: for authority, for names, and for answers."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.mime.header import Header
from relay_core.mime.parsing import parse_message
from relay_core.policy.author import MAX_FIELD, MAX_REPLIES, find_author, find_name, find_replies
from relay_core.settings import Settings
from tests.core import oracle
from tests.fakes import MemoryWorld
from tests.garbage import GARBAGE
from tests.receipt import submitted_receipt


def header(*lines: str | bytes) -> Header:
    raw = b"\r\n".join(one.encode() if isinstance(one, str) else one for one in lines)
    return parse_message(raw + b"\r\n\r\nx").header


# What devices write, the name for recipients, and the author if there is one.
FROM: list[tuple[str | bytes, str, str | None]] = [
    ("a@b.example", "a@b.example", "a@b.example"),
    ("<a@b.example>", "a@b.example", "a@b.example"),
    ("Camera 3 <a@b.example>", "Camera 3", "a@b.example"),
    ("Camera 3<a@b.example>", "Camera 3", "a@b.example"),
    ("  Camera\t3   < a@B.Example >  ", "Camera 3", "a@b.example"),
    ('"Camera, 3" <a@b.example>', "Camera, 3", "a@b.example"),
    ('"Cam \\"3\\"" <a@b.example>', 'Cam "3"', "a@b.example"),
    ("Dr. J. Cam <a@b.example>", "Dr. J. Cam", "a@b.example"),
    ("a@b.example <a@b.example>", "a@b.example", "a@b.example"),
    ("a@b.example (Cron Daemon)", "Cron Daemon", "a@b.example"),
    ("(Cron Daemon) a@b.example", "Cron Daemon", "a@b.example"),
    ("Cam (in (the) hall) <a@b.example>", "Cam", "a@b.example"),
    ("<a@b.example> (Cam)", "Cam", "a@b.example"),
    ("=?utf-8?q?K=C3=A4m?= <a@b.example>", "Käm", "a@b.example"),
    ('"=?utf-8?q?K=C3=A4m?=" <a@b.example>', "Käm", "a@b.example"),
    ("=?utf-8?q?K=C3?= =?utf-8?q?=A4m?= <a@b.example>", "Käm", "a@b.example"),
    ("=?utf-8?q?K=C3=A4m?=<a@b.example>", "Käm", "a@b.example"),
    (b"K\xfchlraum <a@b.example>", "Kühlraum", "a@b.example"),
    ("Kühlraum <a@bücher.example>", "Kühlraum", "a@xn--bcher-kva.example"),
    ("Cam\r\n 3\r\n\t<a@b.example>", "Cam 3", "a@b.example"),
    ("a@b.example.", "a@b.example.", "a@b.example"),
    # These are not mailboxes of RFC 5322: they give a name, but no author.
    ("root@raspberrypi", "root@raspberrypi", None),
    ("root <root@raspberrypi>", "root", None),
    ("root@raspberrypi (Cron Daemon)", "Cron Daemon", None),
    ("alarm@192.168.1.50", "alarm@192.168.1.50", None),
    ("NAS <alarm@[192.168.1.50]>", "NAS", None),
    ("alarm@[192.168.1.50]", "alarm@[192.168.1.50]", None),
    ("UPS-Room-2", "UPS-Room-2", None),
    ("UPS Room 2", "UPS Room 2", None),
    ('"UPS Room 2"', "UPS Room 2", None),
    ("<UPS-Room-2>", "UPS-Room-2", None),
    ("UPS <UPS-Room-2>", "UPS", None),
    ("UPS <>", "UPS", None),
    ("(UPS)", "UPS", None),
    ("Camera 3 @ hall", "Camera 3 @ hall", None),
    ("Camera 3 a@b.example", "Camera 3", None),
    ("Smith, John <a@b.example>", "Smith, John", None),
    ("Cam <a@b.example", "Cam", None),
    ('"Cam <a@b.example>', "Cam", None),
    ("Cam <a @b.example>", "Cam", None),
    ("Jörg <jörg@b.example>", "Jörg", None),
    ("jörg@b.example", "jörg@b.example", None),
    ("=?utf-8?Q?=22J=C3=B6rn_M=22_=3Cj=40b.example=3E?=", "Jörn M", None),
    ("=?utf-8?Q?J=C3=B6rn_=3Cj=40b.example=3E?=", "Jörn", None),
    ("=?utf-8?Q?j=40b.example?=", "j@b.example", None),
    ("a@b.example, c@d.example", "a@b.example", None),
    ("Cam <a@b.example>, Rec <c@d.example>", "Cam", None),
    ("Alarms: a@b.example;", "Alarms", None),
    ("<@x.example:a@b.example>", "@x.example:a@b.example", None),
    ("a@b@c.example", "a@b@c.example", None),
    ("", "", None),
    ("<>", "", None),
    ('""', "", None),
    (";", "", None),
    (b"\x00 <a@b.example>", "\x00", None),
]


@pytest.mark.parametrize(("value", "name", "author"), FROM)
def test_names_are_read_as_people_do_and_authors_as_the_standard_says(
    value: str | bytes, name: str, author: str | None
) -> None:
    field = b"From: " + (value.encode() if isinstance(value, str) else value)
    found = header(field)
    assert (name, author) == (find_name(found), find_author(found))


def test_two_from_fields_make_no_author_and_the_first_names() -> None:
    found = header("From: Cam <a@b.example>", "From: c@d.example")
    assert ("Cam", None) == (find_name(found), find_author(found))
    assert ("", None) == (find_name(header("X: y")), find_author(header("X: y")))


def test_a_field_beyond_all_measure_makes_no_author() -> None:
    found = header(f"From: {'Cam ' * MAX_FIELD}<a@b.example>")
    assert find_author(found) is None
    assert find_name(found).startswith("Cam Cam")
    assert len(find_name(found)) <= MAX_FIELD


PIECES = st.sampled_from([*'"\\()<>,;@. a', "=?"])


@given(GARBAGE | st.lists(PIECES).map(lambda ones: "".join(ones).encode()))
def test_anything_has_a_name_and_at_most_one_author(value: bytes) -> None:
    value = value.replace(b"\r", b"").replace(b"\n", b"")
    found = header(b"From: " + value, b"Reply-To: " + value)
    assert find_name(found) == " ".join(find_name(found).split())
    author = find_author(found)
    if author is not None:
        # The field can only be read in this way: the address is outside of all quotes and
        # comments.
        assert author.rpartition("@")[0].encode() in value
    assert len(find_replies(found)) <= MAX_REPLIES


# --- whom an answer reaches ---------------------------------------------------------------------

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)


def reply_to(from_field: str, field: str | None, *, domain: str | None = "b.example") -> list[str]:
    """The Reply-To that recipients get of a device's mail."""
    lines = [f"From: {from_field}", *([f"Reply-To: {field}"] if field is not None else [])]
    own = "".join(f"{line}\r\n" for line in lines)
    body = "\r\n:Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
    world = MemoryWorld()
    world.relay(submitted_receipt(domain) + (own + body).encode(), SETTINGS)
    [sent] = world.submission.outbox
    assert b"secret" not in sent.raw.lower()
    return _addresses(oracle.parse(sent.raw).get_all("Reply-To", []))


def _addresses(values: Iterable[str]) -> list[str]:
    return [one.strip() for value in values for one in str(value).split(",")]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, ["a@b.example"]),
        ("Duty desk <duty@plant.example>", ["Duty desk <duty@plant.example>"]),
        ("duty@plant.example (Duty)", ["Duty <duty@plant.example>"]),
        ("duty@Plant.example, x@y.example", ["duty@plant.example", "x@y.example"]),
        ("duty@plant.example;DUTY@plant.example", ["duty@plant.example"]),
        ("Desks: duty@plant.example, x@y.example;", ["Desks <duty@plant.example>", "x@y.example"]),
        # The relay's own addresses and undeliverable ones are left out; the device's remains.
        ("secret@in.example.com", ["a@b.example"]),
        ("Secret+x@in.example.com, relay@mail.example.com", ["a@b.example"]),
        ("secret@in.example.com, duty@plant.example", ["duty@plant.example"]),
        ('"secret@in.example.com" <duty@plant.example>', None),
        ("root@raspberrypi", ["a@b.example"]),
        ("nas.local <root@nas.local>, admin@localhost", ["a@b.example"]),
        ("", ["a@b.example"]),
        ("nobody", ["a@b.example"]),
        ("eve%evil.example@b.example", ["a@b.example"]),
    ],
)
def test_a_devices_own_reply_to_is_kept(field: str | None, expected: list[str] | None) -> None:
    found = reply_to("Cam <a@b.example>", field)
    if expected is None:
        [one] = found
        assert one.endswith("<duty@plant.example>")
    else:
        assert expected == found


@pytest.mark.parametrize("value", ["root@raspberrypi", "UPS-Room-2", "=?utf-8?q?a=40b.example?="])
def test_a_device_without_an_address_can_say_whom_to_answer(value: str) -> None:
    assert [] == reply_to(value, None, domain=None)
    assert ["duty@plant.example"] == reply_to(value, "duty@plant.example", domain=None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("boiler@plant.example", "a@b.example"),
        ("Boiler (boiler@plant.example)", "a@b.example"),
        ("boiler@plant.example a@b.example", "a@b.example"),
        ("a@b.example.plant.example", "a@b.example"),
        ("boiler\uff20plant.example", "a@b.example"),
        ("boiler@plant\u3002example", "a@b.example"),
        ("boiler@pla\u200bnt.example", "a@b.example"),
        ("Boiler (A@b.example)", "Boiler (A@b.example)"),
        ("root@boiler 21.5", "root@boiler 21.5"),
    ],
)
def test_a_name_that_shows_anothers_address_gives_way_to_the_authors(
    name: str, shown: str
) -> None:
    world = MemoryWorld()
    raw = f'From: "{name}" <a@b.example>\r\n'.encode()
    raw += b"\r\n:Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
    world.relay(raw, SETTINGS)
    [sent] = world.submission.outbox
    assert f'"{shown}" <relay@mail.example.com>' == oracle.parse(sent.raw)["From"]
