"""The path of a device's mail inside SES, from its sending side to its receiving side.

SES answers a device 250, and then sends the mail to the host in the domain's MX record. The device
does not learn the result. Here that hop bounces if the faults file says so, by an `event` of
`Bounce` for the address that the device wrote to. Then nothing is stored, and the event is
published by the default configuration set of the sender's identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sandbox.ses_verdicts import Envelope, author_domain

from .events import SendingEvents
from .identities import identity_candidates
from .receipt import Receiving, make_message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHop:
    """SES's receiving side for devices. `default_sets`: the current sets of identities."""

    receiving: Receiving
    events: SendingEvents
    default_sets: Mapping[str, str]

    def accepts(self, recipient: str) -> bool:
        """Whether SES accepts mail for this address."""
        return self.receiving.accepts(recipient)

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        """Accept a mail, and store it unless the hop bounces; return its id.

        Raises:
            SesError: if the faults file cannot be read.
        """
        message_id = make_message_id()
        candidates = identity_candidates(f"@{author_domain(raw)}")
        name = next(filter(None, map(self.default_sets.get, candidates)), None)
        arrived = tuple(
            recipient
            for recipient in envelope.recipients
            if self.events.follow(
                message_id,
                sender=envelope.mail_from,
                recipient=recipient,
                configuration_set=name,
            )
            != "Bounce"
        )
        if not arrived:
            return message_id
        return self.receiving.receive(raw, replace(envelope, recipients=arrived))
