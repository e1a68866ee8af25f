"""Mails like those of a thousand devices, made from a seed, and their faults.

A mail's token is in its subject and identifies it everywhere. Most mails are small and have few
recipients; some have forty, or a megabyte attached. Some addresses are special: SES permanently
rejects every mail to some, and fails at those to another one until the fault is removed.
"""

from __future__ import annotations

import email.policy
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

from tests.sandbox.running import recipient_code

SMALLEST, LARGEST = 1_000, 1_000_000  # bytes
MAX_RECIPIENTS = 40

PEOPLE = tuple(f"r{number:03}@example.com" for number in range(100))
REJECTED = tuple(f"rejected-{number}@example.com" for number in range(5))
STUCK = "stuck@example.com"
"""SES fails for every mail to this address until the faults are removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that will be sent. One without recipients has no recipient code.

    `size` is that of its text or of its `attachments` together, in bytes.
    """

    token: str
    recipients: tuple[str, ...]
    size: int
    attachments: int

    @property
    def accepted(self) -> tuple[str, ...]:
        """The recipients who must have got it in the end."""
        return tuple(one for one in self.recipients if one not in REJECTED)

    @property
    def rejected(self) -> tuple[str, ...]:
        """The recipients that SES always rejects."""
        return tuple(one for one in self.recipients if one in REJECTED)

    def contents(self) -> dict[str, bytes]:
        """The attachments by name, the same at every call."""
        source = random.Random(self.token)  # noqa: S311 (no secret)
        each = self.size // max(1, self.attachments)
        return {f"file-{number}.bin": source.randbytes(each) for number in range(self.attachments)}

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each attachment by its name, in hexadecimal."""
        return {name: sha256(content).hexdigest() for name, content in self.contents().items()}

    def raw(self, *, sender: str, to: str) -> bytes:
        """The mail as a device sends it."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, to, f"load {self.token}"
        code = recipient_code(*self.recipients) if self.recipients else ""
        filler = "" if self.attachments else "All is well.\n" * (self.size // 13)
        mail.set_content(f"A device reports.\n{code}\n{filler}")
        for name, content in self.contents().items():
            mail.add_attachment(
                content, maintype="application", subtype="octet-stream", filename=name
            )
        return mail.as_bytes()


def plan_mails(count: int, seed: int) -> tuple[Mail, ...]:
    """That many mails of mixed kinds; two at least are stuck, and two have no recipients."""
    source = random.Random(seed)  # noqa: S311 (no secret)
    return tuple(_plan_mail(number, count, source) for number in range(count))


def _plan_mail(number: int, count: int, source: random.Random) -> Mail:
    size = round(math.exp(source.uniform(math.log(SMALLEST), math.log(LARGEST))))
    most = source.choices((3, 12, MAX_RECIPIENTS), weights=(70, 22, 8))[0]
    recipients = source.sample(PEOPLE, source.randint(1, most))
    each = max(count // 50, 2)  # mails of each special kind
    kind = number % (count // each)
    if kind == 0:
        recipients[-1] = STUCK
    elif kind == 1 or source.random() < 0.05:
        recipients[0] = source.choice(REJECTED)
    elif kind == 2:
        recipients = []
    return Mail(
        token=f"{number:06}-{source.getrandbits(40):010x}",
        recipients=tuple(recipients),
        size=size,
        attachments=source.randint(1, 3) if size > 3_000 else 0,
    )


def plan_faults(mails: Sequence[Mail], seed: int) -> list[Mapping[str, Any]]:
    """SES's temporary errors, for its faults file.

    Besides the special addresses, one person in ten is throttled a few times. Some get the errors
    of an account that may not send, or an error that says nothing about the mail.
    """
    source = random.Random(seed)  # noqa: S311 (no secret)
    addressed = sorted({one for mail in mails for one in mail.recipients} & set(PEOPLE))
    source.shuffle(addressed)
    tenth = max(1, len(addressed) // 10)
    usual = [
        ("TooManyRequestsException", 6, addressed[:tenth]),
        ("SendingPausedException", 2, addressed[tenth : tenth + 3]),
        ("InternalServiceErrorException", 1, addressed[tenth + 3 : tenth + 6]),
    ]
    always = [("MessageRejected", REJECTED), ("InternalServiceErrorException", (STUCK,))]
    return [
        *(
            {"error": error, "times": source.randint(1, most), "recipient": one}
            for error, most, some in usual
            for one in some
        ),
        *(
            {"error": error, "times": 1_000_000, "recipient": one}
            for error, some in always
            for one in some
        ),
    ]
