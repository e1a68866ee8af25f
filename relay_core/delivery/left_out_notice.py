"""Recipients and files that a mail goes out without, reported to the operator."""

from __future__ import annotations

from collections.abc import Sequence

from relay_core.errors import Reason, Refusal
from relay_core.notices.notice import compose_notice
from relay_core.plan import RelayPlan
from relay_core.ports import Ports
from relay_core.record.manifest import StoredAttachment
from relay_core.settings import Settings


def report_left_out(
    plan: RelayPlan, attachments: Sequence[StoredAttachment], settings: Settings, ports: Ports
) -> None:
    """Publish a notice of recipients and files that the mail goes out without."""
    refusals = [
        *plan.refusals,
        *(
            Refusal(
                reason=Reason.LIMIT_EXCEEDED, detail=f"attachment {one.filename}: {one.failure}"
            )
            for one in attachments
            if one.failure is not None
        ),
    ]
    if refusals:
        ports.notices.publish(
            compose_notice(
                plan.mail,
                refusals,
                settings,
                relayed_to=len(plan.recipients),
            )
        )
