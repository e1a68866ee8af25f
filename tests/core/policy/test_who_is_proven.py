"""A sender that is not authenticated gets none of the rights of its claimed address."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.keys import RawKey
from relay_core.policy.directory import Directory
from relay_core.record.report import Outcome
from relay_core.settings import Settings, VerdictAction
from tests.fakes import MemoryWorld
from tests.receipt import receipt, submitted_receipt

DEVICE, DEVICE_DOMAIN = "boiler@mail.example.com", "mail.example.com"
STRANGER_DOMAIN = "attacker.example"
STRANGER = f"x@{STRANGER_DOMAIN}"


def _word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


# Spellings of From with a device's address beside the stranger's own, or as a display name.
SPELLINGS: list[Callable[[str], str]] = [
    lambda device: f"From: {device}",
    lambda device: f"From: Boiler <{device}>",
    lambda device: f'From: "Boiler <{device}>" <{STRANGER}>',
    lambda device: f'From: "{device}" <{STRANGER}>',
    lambda device: f"From: ({device}) {STRANGER}",
    lambda device: f"From: (<{device}>) <{STRANGER}>",
    lambda device: f"From: {STRANGER} ({device})",
    lambda device: f"From: {STRANGER} (a (<{device}>) b)",
    lambda device: f"From: {device} <{STRANGER}>",
    lambda device: f"From: <{device}> <{STRANGER}>",
    lambda device: f"From: <{STRANGER}> <{device}>",
    lambda device: f"From: {device}, {STRANGER}",
    lambda device: f"From: {STRANGER}, {device}",
    lambda device: f"From: {STRANGER}; {device}",
    lambda device: f"From: Boiler: {device};",
    lambda device: f"From: Boiler: {device}, {STRANGER};",
    lambda device: f"From: {device}\r\nFrom: {STRANGER}",
    lambda device: f"From: {STRANGER}\r\nFrom: {device}",
    lambda device: f"From: {STRANGER}\r\nSender: {device}",
    lambda device: f"Sender: {device}\r\nReply-To: {device}",
    lambda device: f"From: {_word(f'{device}')} <{STRANGER}>",
    lambda device: f"From: {_word(f'Boiler <{device}>')}",
    lambda device: f"From: {_word(f'<{device}>')} <{STRANGER}>",
    lambda device: f"From: <{_word(device)}>",
    lambda device: f"From: <@{STRANGER_DOMAIN}:{device}>",
    lambda _device: f"From: <@{DEVICE_DOMAIN}:{STRANGER}>",
    lambda device: f"From: {device}@{STRANGER_DOMAIN}",
    lambda device: f'From: "{device}"@{STRANGER_DOMAIN}',
    lambda device: f"From: {device.replace('@', ' @ ')}",
    lambda device: f"From: {device}\x00 <{STRANGER}>",
    lambda device: f"From:\r\n {device}\r\n <{STRANGER}>",
    lambda device: f'From: "\\" <{device}>\\"" <{STRANGER}>',
    lambda device: f"From: {device}\\ <{STRANGER}>",
    lambda device: f"From: {device}.",
    lambda device: f"From: {device.upper()}",
    lambda device: f"From: {device.replace('mail.', 'ｍａｉｌ.')}",  # noqa: RUF001 (full-width letters)
    lambda device: f"From: {device.replace('.com', '。com')}",
    lambda _device: f"From: x@[{DEVICE_DOMAIN}]",
    lambda _device: f"From: {STRANGER}",
    lambda _device: "From: boiler",
    lambda _device: "X-From: nobody",
]
RESULT = st.sampled_from(["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"])
FAILED = RESULT.filter(lambda one: one != "pass")
RESULTS = {
    own: st.lists(st.tuples(RESULT, st.just(own)), max_size=2)
    for own in (DEVICE_DOMAIN, STRANGER_DOMAIN)
}
DOMAINS = st.sampled_from([DEVICE_DOMAIN, STRANGER_DOMAIN])
FORGED = (
    f"dkim=pass header.i=@{DEVICE_DOMAIN}; dmarc=pass header.from={DEVICE_DOMAIN}"
    f" spf=pass smtp.mailfrom={DEVICE_DOMAIN}"
)
GREETINGS = st.sampled_from(
    ["{}", f"a;{FORGED};", f"a; {FORGED}", f'a"; {FORGED}; "', f"a ({FORGED}"]
)
PATHS = st.sampled_from(["x@{}", "x@bounce.{}", f'"{DEVICE}; {FORGED}"@{{}}', "{}"])
BELOW = st.sampled_from(
    [
        "",
        f"Authentication-Results: amazonses.com; {FORGED}\r\n",
        f"Received: x\r\nAuthentication-Results: amazonses.com;\r\n {FORGED}\r\n",
        f"Return-Path: <{DEVICE}>\r\n",
    ]
)
SPELLED = st.sampled_from(SPELLINGS)
MAYBE_CODES = st.sampled_from(["", ":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail, and the domains that SES authenticated."""

    raw: bytes
    proven: frozenset[str]


@st.composite
def sent_mails(draw: st.DrawFn) -> Sent:
    """A mail of an arbitrary sender with any content, with SES's results on top.

    The truth is drawn first. SES's results follow from it; the sender's own claims do not.
    """
    is_device = draw(st.integers(0, 9)) == 0
    own = DEVICE_DOMAIN if is_device else STRANGER_DOMAIN
    spf, dkim = draw(RESULT), draw(RESULTS[own])
    claimed = draw(DOMAINS)
    passed = spf == "pass" or any(result == "pass" for result, _ in dkim)
    # SES never finds that DMARC passed for a domain that nothing else passed for.
    dmarc = draw(RESULT if passed and claimed == own else FAILED)
    greeting = draw(GREETINGS).format(own)
    path = draw(PATHS).format(own)
    on_top = receipt(
        reverse_path=path, spf=spf, dkim=dkim, dmarc=(dmarc, claimed), greeting=greeting
    )
    if draw(st.booleans()):
        # The same fields, folded as another server might do.
        on_top = on_top.replace(b";\r\n ", b"; ")
    if draw(st.integers(0, 5)) == 0:
        on_top = b"Return-Path: <x@" + own.encode() + b">\r\nReceived: from a (a) by b\r\n"
        spf, dkim, dmarc = "none", [], "none"
        on_top += b"X-SES-Spam-Verdict: PASS\r\nX-SES-RECEIPT: x\r\n"
    below = draw(BELOW)
    spelled = draw(SPELLED)(DEVICE)
    code = draw(MAYBE_CODES)
    raw = on_top + f"{below}{spelled}\r\nSubject: x\r\n\r\nToo hot. {code}\r\n".encode()
    found = {own} if spf == "pass" or any(one == "pass" for one, _ in dkim) else set()
    return Sent(raw=raw, proven=frozenset(found | ({claimed} if dmarc == "pass" else set())))


SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.example.org",
    inbound_address="secret@in.example.org",
    allowed_recipients=("example.com",),
)
DEFAULTS = Directory(groups={}, default_recipients={DEVICE_DOMAIN: ("desk@example.com",)})


@settings(max_examples=2000)
@given(sent_mails(), st.sampled_from(VerdictAction), st.booleans())
def test_a_sender_not_proven_to_be_a_device_gains_none_of_its_rights(
    sent: Sent,
    action: VerdictAction,
    only_allowed: bool,  # noqa: FBT001 - drawn
) -> None:
    if DEVICE_DOMAIN in sent.proven:
        return  # an authenticated sender of the device's domain has these rights
    policy = replace(
        SETTINGS,
        authentication_action=action,
        allowed_senders=(DEVICE_DOMAIN,) if only_allowed else (),
        sender_message_limit=1,
    )
    world = MemoryWorld()
    world.directories.directory = DEFAULTS
    report = world.relay(sent.raw, policy)
    reached = {one.recipient for one in world.submission.outbox}
    assert "desk@example.com" not in reached
    if only_allowed:
        assert set() == reached
    for one in world.submission.outbox:
        head = one.raw.partition(b"\r\n\r\n")[0].lower()
        [reply_to] = [line for line in head.split(b"\r\n") if line.startswith(b"reply-to:")] or [
            b""
        ]
        if not sent.proven:
            assert reply_to == b""
        # Only an authenticated author may set a Reply-To with other addresses.
        if DEVICE.encode() in reply_to:
            assert b"\nreply-to: " in sent.raw.lower()
    if action is VerdictAction.REFUSE and not sent.proven:
        assert report.outcome is not Outcome.RELAYED
    # The stranger's mails do not count for the limit of the device.
    code = ":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"
    alarm = submitted_receipt(DEVICE_DOMAIN) + f"From: {DEVICE}\r\n\r\n{code}\r\n".encode()
    report = world.relay(alarm, policy, key=RawKey("incoming/alarm"))
    assert Outcome.RELAYED is report.outcome


def test_the_law_is_not_empty() -> None:
    """An authenticated device has all these rights."""
    world = MemoryWorld()
    world.directories.directory = DEFAULTS
    policy = replace(SETTINGS, allowed_senders=(DEVICE_DOMAIN,), sender_message_limit=1)
    raw = submitted_receipt(DEVICE_DOMAIN) + f"From: {DEVICE}\r\n\r\nToo hot.\r\n".encode()
    assert Outcome.RELAYED is world.relay(raw, policy).outcome
    assert ["desk@example.com"] == [one.recipient for one in world.submission.outbox]
    forged = raw.replace(b"=pass", b"=none")
    report = MemoryWorld().relay(forged, policy)
    assert (Outcome.REFUSED, Reason.AUTHENTICATION_FAILED) == (report.outcome, report.reason)
