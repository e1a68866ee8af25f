"""Which fields of a device's mail go on to its recipients.

Mail systems act on fields: a spam filter skips what `X-MS-Exchange-Organization-SCL: -1` says is
clean, a mail program answers a request for a receipt, a list manager unsubscribes. The relay's
signature would vouch for all of it. So only fields on a list pass: those that say to a person
something about the mail, order it among others, or describe its content. An operator can add
fields of the devices' own (`passHeaderFields`). Their names begin with `X-`, as no registered
field does (IANA, "Message Headers"); the prefixes below are those that known systems act on.
"""

from __future__ import annotations

import re

PASSED = frozenset(
    {
        "comments",
        "date",
        "importance",
        "keywords",
        "mime-version",
        "organization",
        "priority",
        "subject",
        "user-agent",
        "x-mailer",
        "x-msmail-priority",
        "x-priority",
    }
)
"""The fields that pass, in lower case. In-Reply-To and References are written by the relay."""

PASSED_PREFIXES = ("content-", "thread-")
_NOT_PASSED = frozenset({"content-length", "content-return", "content-identifier"})

_NAME = re.compile(r"x-[a-z0-9][a-z0-9_-]{0,60}\Z")
# Fields that mail systems trust, act upon, or have people act upon; and those that say where a
# mail was sent to, which is a secret.
_REFUSED = re.compile(
    r"x-(?:ms-|msmail|microsoft|exchange|forefront|eop-|mail-relay|ses-|amz|auto-?(?:re|sub|gen)"
    r"|original|forwarded|resent|envelope|rcpt|receiver|recipient|delivered|(?:to|cc)\Z|bcc"
    r"|(?:from|sender|reply|return|error)s?(?:-|\Z)|confirm|receipt|acknowledge-to|disposition"
    r"|spam|virus|av-|scanned|bogosity|rspamd|dspam|dkim|spf|dmarc|arc-|bimi|auth|received"
    r"|google|gm-|gmail|yahoo|ymail|apple|mozilla|evolution|kmail|sieve|proofpoint|mimecast"
    r"|barracuda|ironport|trend|sophos|symantec|brightmail|cisco|fe-|feas|tm-|list(?:-|\Z)"
    r"|mailing|mailman|beenthere|loop|precedence|unsent|message-flag|unsubscribe|complaints"
    r"|abuse|report-abuse|csa|feedback|mail-?gun|sendgrid|sg-|mc-|pm-|originating|esmtp"
    r"|cron|priority|(?:status|keywords|uid|imap|expir\w*)\Z)"
)


def is_passed(name: str, added: frozenset[str] = frozenset()) -> bool:
    """Whether a field (its name in lower case) goes on; `added` are the operator's names."""
    return (
        name in PASSED
        or name in added
        or (name.startswith(PASSED_PREFIXES) and name not in _NOT_PASSED)
    )


def may_be_added(name: str) -> bool:
    """Whether an operator may add a field of that name, in any case."""
    lower = name.lower()
    return _NAME.match(lower) is not None and _REFUSED.match(lower) is None
