"""The path of a device's mail inside SES, from its sending side to its receiving side.

SES answers a device 250, and then sends the mail to the host that the domain's MX record names.
The device is not told the outcome there. Here that hop bounces where the faults file says
so, by an `event` of `Bounce` for the address that the device wrote to: nothing is stored, and the
event is published by the default configuration set of the sender's identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sandbox.verdicts import Envelope, author_domain

from .events import SendingEvents
from .identities import identity_candidates
from .receipt import Receiving, make_message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHop:
    """Receiving behind sending. `default_sets`: the sets of identities, as they are now."""

    receiving: Receiving
    events: SendingEvents
    default_sets: Mapping[str, str]

    def accepts(self, recipient: str) -> bool:
        """Whether SES would take mail for this address."""
        return self.receiving.accepts(recipient)

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        """Take a mail, and have it received where the hop does not bounce; return its id.

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
