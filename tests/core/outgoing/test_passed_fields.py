"""The fields of a device that reach recipients: priority, thread and texts, no instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.environment import InvalidSettings
from relay_core.outgoing.passed_fields import is_passed, may_be_added
from relay_core.settings import Settings
from tests.core import oracle
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
CODE = ":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"

# Fields that recipients' systems or programs act on, and trace fields.
DUBIOUS = """\
X-MS-Exchange-Organization-SCL: -1
X-MS-Exchange-Organization-AuthAs: Internal
X-MS-Exchange-Organization-BypassClutter: true
X-MS-Exchange-CrossTenant-AuthAs: Internal
X-Microsoft-Antispam: BCL:0;
X-Forefront-Antispam-Report: SFV:SKN;SCL:-1;
X-Spam-Status: No, score=-100
X-Spam-Flag: NO
X-Spam-Score: -100
X-Virus-Scanned: clean
X-Authentication-Warning: none
X-Rspamd-Score: -10
Authentication-Results: mx.example.com; dkim=pass header.d=bank.example
Received-SPF: pass
Received: from bank.example by mx.example.com; Thu, 1 Jan 2026 00:00:00 +0000
ARC-Seal: i=1; a=rsa-sha256; cv=pass; d=bank.example; s=a; b=AA==
ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass
DKIM-Signature: v=1; a=rsa-sha256; d=bank.example; s=a; h=from; bh=AA==; b=AA==
BIMI-Selector: v=BIMI1; s=bank
BIMI-Location: v=BIMI1; l=https://bank.example/logo.svg
Disposition-Notification-To: eve@evil.example
Return-Receipt-To: eve@evil.example
X-Confirm-Reading-To: eve@evil.example
Generate-Delivery-Report: yes
Errors-To: eve@evil.example
Mail-Followup-To: eve@evil.example
Mail-Reply-To: eve@evil.example
Reply-By: Thu, 1 Jan 2026 00:00:00 +0000
List-Unsubscribe: <mailto:eve@evil.example>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Id: <everybody.evil.example>
List-Post: <mailto:eve@evil.example>
Precedence: bulk
Resent-From: eve@evil.example
Resent-To: secret@in.example.com
Sender: eve@evil.example
Return-Path: <eve@evil.example>
Cc: eve@evil.example
Bcc: eve@evil.example
Apparently-To: secret@in.example.com
X-Original-To: secret@in.example.com
X-Envelope-To: secret@in.example.com
X-Cron-Env: <MAILTO=secret@in.example.com>
X-RCPT-TO: <secret@in.example.com>
X-Receiver: secret@in.example.com
Delivered-To: secret@in.example.com
X-Unsent: 1
X-Message-Flag: Call +1 900 555
X-Google-DKIM-Signature: v=1
X-Gm-Message-State: AA
X-Apple-Auto-Saved: 1
X-Mozilla-Status: 0009
X-SES-Configuration-Set: theirs
X-SES-Message-Tags: a=b
Feedback-ID: 1:2:3:evil
Expires: Thu, 1 Jan 2026 00:00:00 +0000
Supersedes: <1@bank.example>
Control: cancel <1@bank.example>
Autocrypt: addr=eve@evil.example; keydata=AA==
OpenPGP: url=https://evil.example/key
Archived-At: <https://evil.example/>
Require-Recipient-Valid-Since: eve@evil.example
TLS-Required: No
Sensitivity: Personal
X-MS-Has-Attach: yes
X-Mail-Relay-Anything: yes
Content-Length: 7
Status: RO
X-Device-Id: 7
"""

PASSING = """\
Date: Thu, 1 Jan 2026 10:00:00 +0100
Importance: high
Priority: urgent
X-Priority: 1 (Highest)
X-MSMail-Priority: High
Thread-Topic: Boiler
Thread-Index: AQHZ
Keywords: boiler, alarm
Comments: from the roof
X-Mailer: PLC 7
User-Agent: firmware/3
Organization: Plant
Content-Language: en
Content-Description: An alarm
"""


def relayed(header: str, settings: Settings = SETTINGS) -> bytes:
    world = MemoryWorld()
    plain = received(f"From: Cam <cam@site.example>\nSubject: S\n\nx\n{CODE}\n".encode())
    # A device's own fields are below those of SES.
    world.relay(plain.replace(b"Subject: S\n", f"Subject: S\n{header}".encode(), 1), settings)
    (sent,) = world.submission.outbox
    return sent.raw


def named(lines: str) -> list[str]:
    return [line.partition(":")[0] for line in lines.splitlines()]


def test_no_field_that_a_recipients_system_acts_on_goes_out() -> None:
    before = oracle.parse(relayed(""))
    after = oracle.parse(relayed(DUBIOUS))
    assert before.items() == after.items()
    assert len(named(DUBIOUS)) > 60


def test_priority_and_fields_that_people_read_are_passed_unchanged() -> None:
    out = relayed(PASSING)
    for line in PASSING.splitlines():
        assert line.encode() in out.split(b"\r\n")


def test_of_two_fields_of_one_name_the_first_goes_out() -> None:
    out = oracle.parse(relayed("X-Priority: 1\nX-Priority: 5\n"))
    assert ["1"] == out.get_all("X-Priority")


def test_an_operator_can_add_fields_of_the_devices_own() -> None:
    settings = replace(SETTINGS, pass_header_fields=("X-Device-ID", "X-Zone"))
    out = oracle.parse(relayed(DUBIOUS + "X-Zone: roof\n", settings))
    assert ("7", "roof") == (out["X-Device-Id"], out["X-Zone"])
    assert {"X-Device-Id", "X-Zone"} == set(out.keys()) - set(oracle.parse(relayed("")).keys())


def test_no_name_of_a_dubious_field_can_be_added() -> None:
    for name in named(DUBIOUS):
        if name != "X-Device-Id":
            with pytest.raises(InvalidSettings, match="pass_header_fields: must begin with X-"):
                replace(SETTINGS, pass_header_fields=(name,))


@given(
    st.sampled_from(["From", "To", "Reply-To", "Received", "DKIM-Signature", "X-Mail-Relay"]),
    st.sampled_from(["", " ", "\n", ":", "\r\nX-", "-", "\x00"]),
)
def test_no_spelling_adds_a_field_of_the_mail_system(name: str, tail: str) -> None:
    for spelling in (name, name.lower(), name.upper(), f" {name}"):
        assert not may_be_added(spelling + tail)
        assert not is_passed((spelling + tail).lower(), frozenset())


# --- threads


def ids(field: object) -> list[str]:
    return str(field or "").split()


def test_an_all_clear_names_the_alarm_that_it_belongs_to() -> None:
    alarm = oracle.parse(relayed("Message-ID: <alarm-77@plc.site.example>\n"))
    clear = oracle.parse(
        relayed(
            "Message-ID: <ok-78@plc.site.example>\nIn-Reply-To: <alarm-77@plc.site.example>\n"
            "References: <alarm-77@plc.site.example>\n"
        )
    )
    assert alarm["Message-ID"] is None  # SES adds one
    assert ["<alarm-77@plc.site.example>"] == ids(alarm["References"])
    assert ["<alarm-77@plc.site.example>"] == ids(clear["In-Reply-To"])
    assert ["<alarm-77@plc.site.example>", "<ok-78@plc.site.example>"] == ids(clear["References"])


def test_an_answer_without_references_names_its_parent_in_them() -> None:
    out = oracle.parse(relayed("In-Reply-To: <a@x>\nMessage-ID: b@y\n"))
    assert ["<a@x>", "<b@y>"] == ids(out["References"])


def test_references_on_one_long_line_are_folded_at_blanks() -> None:
    many = [f"<AM0PR04MB{n:030}@AM0PR04MB{n:04}.prod.example>" for n in range(14)]
    out = relayed(f"References: {' '.join(many)}\nMessage-ID: <last@x>\n")
    assert all(len(line) <= 98 for line in out.split(b"\r\n"))
    assert b"=?" not in out
    assert [*many, "<last@x>"] == ids(oracle.parse(out)["References"])


@pytest.mark.parametrize(
    "odd", ["<t:Assemblée@x.example>", "<=?utf-8?q?a?=@x>", "<" + "x" * 999 + ">", "<\x07@x>"]
)
def test_an_odd_id_is_left_out_alone(odd: str) -> None:
    out = relayed(f"References: <a@x.example>\n {odd}\n <b@x.example>\n")
    assert b"\r\nReferences: <a@x.example> <b@x.example>\r\n" in out


def test_of_very_many_ids_the_first_and_the_last_go_out() -> None:
    many = [f"<{n}@x>" for n in range(5000)]
    out = ids(oracle.parse(relayed("References: " + "\n ".join(many) + "\n"))["References"])
    assert [many[0], *many[-49:]] == out


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_whatever_stands_in_the_fields_only_ids_come_out(references: bytes, parent: bytes) -> None:
    def one_line(value: bytes) -> bytes:
        return value.translate(None, b"\r\n\0")

    world = MemoryWorld()
    world.relay(
        b"From: a@site.example\nReferences: <a@x> %b\nIn-Reply-To: %b\n\n%b"
        % (one_line(references), one_line(parent), CODE.encode()),
        SETTINGS,
    )
    for sent in world.submission.outbox:
        out = oracle.parse(sent.raw)
        for name in ("References", "In-Reply-To"):
            for one in ids(out[name]):
                assert one[0] + one[-1] == "<>"
                assert one.isascii()
                assert one[1:-1].isprintable()
