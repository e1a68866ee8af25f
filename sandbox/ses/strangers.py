"""SES's verdicts on mail that comes to the MX host directly, from any server.

Nobody's DNS is at hand, so whoever sends such mail says what SES is to find, in a file that is
read at each mail. Its keys are the names that senders greet with (HELO or EHLO), "*" for all
others:

    {"evil.example": {"spf": "pass", "dkim": [["pass", "evil.example"]], "dmarc": "fail"}}

What is left out is "none", and without a signature. SPF is about the reverse-path, DMARC about
the domain in From.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.verdicts import Authentication, Envelope, Result, author_domain, spf_domain


@dataclass(frozen=True, slots=True, kw_only=True)
class MxAccess:
    """Where anybody can hand over a mail, and the file that says what SES finds out about it."""

    host: str
    port: int
    results: Path


@dataclass(frozen=True, slots=True)
class Strangers:
    """What the file says of senders."""

    file: Path

    def authenticate(self, raw: bytes, envelope: Envelope) -> Authentication:
        """What SES finds out about this mail.

        Raises:
            OSError, ValueError, TypeError, AttributeError, KeyError: if the file is not as it
                should be. The front answers that with 451.
        """
        document = json.loads(self.file.read_text())
        found = document.get(envelope.helo) or document.get("*", {})
        return Authentication(
            spf=Result(found.get("spf", "none")),
            spf_domain=spf_domain(envelope),
            dkim=tuple((Result(result), domain) for result, domain in found.get("dkim", [])),
            dmarc=Result(found.get("dmarc", "none")),
            dmarc_domain=author_domain(raw),
        )
