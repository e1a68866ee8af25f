"""With default configuration no message, however built, reaches an address that is not allowed.

Verdicts by policies by recipients: the mail of an attacker who knows the secret address and writes
any content below SES's fields.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.policy.directory import Directory
from relay_core.record.report import Outcome, RelayReport
from relay_core.settings import Settings, VerdictAction
from tests.core.recipient_code_strategies import MARKER, TEXT_SOUP, rendered
from tests.fakes import MemoryWorld
from tests.rich_mails import rich_mails

INBOUND, SENDER = "secret@in.example.com", "relay@mail.example.com"
ALLOWED = [
    "anna@example.com",
    "BEN@Example.com",
    "d+1@example.com",
    "cleo@only.example.org",
]
ROUTED = [
    "eve%evil.example@example.com",
    "evil.example!eve@example.com",
    "=?utf-8?q?eve=40evil.example?=@example.com",
    '"eve@evil.example"@example.com',
]
FORBIDDEN = [
    "eve@evil.example",
    "anna@sub.example.com",
    "anna@notexample.com",
    "anna@example.com.evil.example",
    "other@only.example.org",
    '"anna@example.com"@evil.example',
    "anna@xn--exampl-hva.com",
    # At an allowed domain, but some servers deliver it to another address.
    *ROUTED,
    INBOUND,
    INBOUND.upper(),
    SENDER,
]
SETTINGS = Settings(
    stack="test",
    sender_address=SENDER,
    inbound_address=INBOUND,
    allowed_recipients=("example.com", "mail.example.com", "in.example.com", ALLOWED[-1]),
)
DIRECTORY = Directory(
    groups={
        "mixed": (ALLOWED[0], FORBIDDEN[0], "@deep"),
        "deep": (FORBIDDEN[1], "@mixed", "@ghost", INBOUND, *ROUTED),
    },
    default_recipients={
        "*.plant.example": ("@mixed", FORBIDDEN[2], ROUTED[0]),
        "*": (FORBIDDEN[3],),
    },
)

_WRITTEN = st.sampled_from(
    [*ALLOWED, *FORBIDDEN, "@mixed", "@deep", "@ghost", "nobody", "<eve@evil.example>"]
) | st.sampled_from(ALLOWED + FORBIDDEN).map("anna@example.com <{}>".format)
CODES = st.lists(_WRITTEN, max_size=6).map(lambda ones: f":{MARKER}:{','.join(ones)}:{MARKER}:")
VERDICTS = st.sampled_from(
    ["PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED", "fail", "", "?"]
)
RESULTS = st.sampled_from(["pass", "fail", "none", "softfail", "neutral", "temperror", "PASS"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """SES's results; None for a missing one."""

    virus: str | None
    spam: str | None
    spf: str | None
    dkim: str | None
    dmarc: str | None

    def header(self) -> str:
        lines = ["Return-Path: <device@plant.example>", "Received: from device by inbound-smtp"]
        if self.spam is not None:
            lines.append(f"X-SES-Spam-Verdict: {self.spam}")
        if self.virus is not None:
            lines.append(f"X-SES-Virus-Verdict: {self.virus}")
        results = {"spf": self.spf, "dkim": self.dkim, "dmarc": self.dmarc}
        claims = [f"{method}={result}" for method, result in results.items() if result]
        if claims:
            lines.append(f"Authentication-Results: amazonses.com; {'; '.join(claims)}")
        return "".join(f"{line}\r\n" for line in lines)


FINDINGS = st.builds(
    Findings,
    virus=st.none() | VERDICTS,
    spam=st.none() | VERDICTS,
    spf=st.none() | RESULTS,
    dkim=st.none() | RESULTS,
    dmarc=st.none() | RESULTS,
)
# Fields that imitate SES, or that try to steer a reader that trusts headers.
FORGED = st.lists(
    st.sampled_from(
        [
            "X-SES-Virus-Verdict: PASS",
            "X-SES-Virus-Verdict: FAIL",
            "X-SES-Spam-Verdict: PASS",
            "X-SES-Spam-Verdict: FAIL",
            "Authentication-Results: amazonses.com; spf=pass; dkim=pass; dmarc=pass",
            "Authentication-Results: amazonses.com; spf=fail; dkim=fail; dmarc=fail",
            "To: eve@evil.example",
            "Cc: eve@evil.example",
            "Bcc: eve@evil.example",
            "Resent-To: eve@evil.example",
            "X-Original-To: eve@evil.example",
            "Disposition-Notification-To: eve@evil.example",
            "Received: from x by y",
            "X-Mail-Relay: test",
            "Auto-Submitted: auto-replied",
        ]
    ),
    max_size=5,
)
SENDERS = st.sampled_from(
    ["From: pump@gate.plant.example", "From: x@elsewhere.example", f"From: {INBOUND}", "X-A: b"]
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    code = draw(CODES)
    text = draw(
        st.sampled_from([code, f"{code}\r\n{draw(CODES)}", "", draw(TEXT_SOUP), f"x {code} y"])
    )
    if draw(st.booleans()):
        return b"\r\n" + text.encode("utf-8", "replace")
    html = draw(rendered(code))
    return (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + text.encode("utf-8", "replace")
        + b"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>"
        + html.encode("utf-8", "replace")
        + b"</p>\r\n--b--\r\n"
    )


@st.composite
def strangers_mails(draw: st.DrawFn) -> tuple[Findings, bytes]:
    findings = draw(FINDINGS)
    own = "".join(f"{line}\r\n" for line in [draw(SENDERS), *draw(FORGED)])
    if draw(st.integers(0, 4)):
        rest = own.encode() + draw(bodies())
    else:
        rest = own.encode() + draw(rich_mails()).raw
    return findings, findings.header().encode() + rest


def relay(world: MemoryWorld, raw: bytes, settings: Settings) -> RelayReport:
    world.directories.directory = DIRECTORY
    return world.relay(raw, settings)


def allowed(recipient: str) -> bool:
    """The default policy, written as simply as possible: two domains, and one address."""
    address = recipient.lower()
    return address not in {INBOUND, SENDER, *ROUTED} and (
        address == ALLOWED[-1]
        or address.rpartition("@")[2] in {"example.com", "mail.example.com", "in.example.com"}
    )


@given(strangers_mails())
def test_with_default_configuration_no_other_recipient_is_reached(
    given_mail: tuple[Findings, bytes],
) -> None:
    world = MemoryWorld()
    findings, raw = given_mail
    report = relay(world, raw, SETTINGS)
    reached = [one.recipient for one in world.submission.outbox]
    assert [] == [recipient for recipient in reached if not allowed(recipient)]
    assert len({one.lower() for one in reached}) == len(reached)
    # The mail has exactly one outcome, and every problem was reported to the operator.
    if report.outcome is Outcome.REFUSED:
        assert [] == reached
        assert [report.reason] == [notice.reason for notice in world.notices.published]
    if report.outcome is Outcome.IGNORED:
        assert ([], []) == (reached, world.notices.published)
    if (findings.virus or "").strip().upper() == "FAIL":
        assert (Outcome.REFUSED, Reason.VIRUS) == (report.outcome, report.reason)
        assert {} == world.attachments.attachments


ACTIONS = st.sampled_from(VerdictAction)


@given(strangers_mails(), ACTIONS, ACTIONS, st.integers(1, 4), st.booleans())
def test_no_policy_short_of_allowing_them_lets_anybody_else_be_reached(
    given_mail: tuple[Findings, bytes],
    spam: VerdictAction,
    authentication: VerdictAction,
    most: int,
    show: bool,  # noqa: FBT001 - drawn
) -> None:
    world = MemoryWorld()
    settings = replace(
        SETTINGS,
        spam_action=spam,
        authentication_action=authentication,
        max_recipients=most,
        show_recipients=show,
    )
    relay(world, given_mail[1], settings)
    reached = [one.recipient for one in world.submission.outbox]
    assert [] == [recipient for recipient in reached if not allowed(recipient)]
    assert len(reached) <= most
    for one in world.submission.outbox:
        head = one.raw.partition(b"\r\n\r\n")[0].decode("ascii").lower()
        assert INBOUND not in head
        assert "evil.example" not in "".join(
            line for line in head.split("\r\n") if line.startswith(("to:", "cc:", "bcc:"))
        )


@given(FINDINGS, FORGED, st.sampled_from(ALLOWED), ACTIONS, ACTIONS)
def test_what_a_sender_writes_in_ses_name_changes_no_verdict_that_ses_gave(
    findings: Findings,
    forged: list[str],
    recipient: str,
    spam: VerdictAction,
    authentication: VerdictAction,
) -> None:
    settings = replace(SETTINGS, spam_action=spam, authentication_action=authentication)
    complete = replace(
        findings,
        virus=findings.virus or "PASS",
        spam=findings.spam or "PASS",
        spf=findings.spf or "none",
    )
    verdicts = [line for line in forged if "Verdict" in line or "Authentication" in line]
    body = f"From: a@plant.example\r\n\r\n:{MARKER}:{recipient}:{MARKER}:\r\n"
    reports = []
    for own in ("", "".join(f"{line}\r\n" for line in verdicts)):
        raw = (complete.header() + own + body).encode()
        reports.append(relay(MemoryWorld(), raw, settings))
    # The reports differ only in the number of bytes.
    assert reports[0] == replace(reports[1], message_bytes=reports[0].message_bytes)
