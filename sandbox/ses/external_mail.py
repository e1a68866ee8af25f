"""SES's verdicts on mail that comes to the MX host directly, from any server.

There is no DNS here. The sender of such mail writes SES's results to a file that is read for each
mail. Its keys are the names in HELO or EHLO, "*" for all others:

    {"evil.example": {"spf": "pass", "dkim": [["pass", "evil.example"]], "dmarc": "fail"}}

Missing results are "none", without a signature. SPF is about the reverse-path, DMARC about the
domain in From.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.ses_verdicts import Authentication, Envelope, Result, author_domain, spf_domain


@dataclass(frozen=True, slots=True, kw_only=True)
class MxAccess:
    """The address for mail from other servers, and the file of the results."""

    host: str
    port: int
    results: Path


@dataclass(frozen=True, slots=True)
class ExternalMail:
    """The results file."""

    file: Path

    def authenticate(self, raw: bytes, envelope: Envelope) -> Authentication:
        """SES's results for this mail.

        Raises:
            OSError, ValueError, TypeError, AttributeError, KeyError: if the file is invalid. SMTP
                then answers 451.
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
