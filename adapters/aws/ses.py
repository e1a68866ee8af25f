"""Outgoing mail through Amazon SES (API v2).

`SendEmail` takes a whole raw message, up to 40 MB, and an envelope of its own: the
recipient is the one given, whatever the message's header shows.

A lost answer leaves it open whether the mail was sent. It is reported as such, so the queue
tries again and the person may get the mail twice; the other choice, to give the mail up, would
lose the alarm of a device now and then. The client repeats nothing by itself in that case (see
`clients`), so a second mail is sent only after the queue's delay, and only after a failure that
the log has shown. SES offers no idempotency token.

Mails that go at the same time have a thread each: botocore's clients may be shared by threads
(boto3 guide, "Low-level clients", "Multithreading"), and each waits for SES alone. The threads
stay for the next mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from relay_core.errors import AdapterError, LostAnswer, SendingStopped
from relay_core.ports import OutgoingMail, SubmissionId

from .concurrent_calls import call_concurrently
from .errors import Fault, adapter_error, error_code, may_have_happened

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

_CALL = "ses:SendEmail"


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSubmission:
    """`Submission` over SES, under a configuration set if one is named.

    `client` is to come from `clients.make_ses_client`; `threads` are as many as mails may go at
    the same time.
    """

    client: SESV2Client
    threads: Executor
    configuration_set_name: str | None = None

    def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
        """See `Submission.submit_each`."""
        return call_concurrently(self.threads, self._submit, mails)

    def _submit(self, mail: OutgoingMail) -> SubmissionId | AdapterError:
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": mail.sender,
            "Destination": {"ToAddresses": [mail.recipient]},
            "Content": {"Raw": {"Data": mail.raw}},
        }
        if self.configuration_set_name:
            request["ConfigurationSetName"] = self.configuration_set_name
        try:
            return SubmissionId(self.client.send_email(**request)["MessageId"])
        except (ClientError, BotoCoreError) as error:
            return _submission_error(error, mail)


def _submission_error(error: ClientError | BotoCoreError, mail: OutgoingMail) -> AdapterError:
    if isinstance(error, ClientError) and _sender_is_unverified(error, mail):
        return adapter_error(error, call=_CALL, target=mail.recipient, fault=Fault.MISCONFIGURED)
    if isinstance(error, ClientError) and _is_stopped(error):
        stopped = adapter_error(error, call=_CALL, target=mail.recipient, fault=Fault.STOPPED)
        return SendingStopped(call=stopped.call, target=stopped.target, detail=stopped.detail)
    result = adapter_error(error, call=_CALL, target=mail.recipient)
    if may_have_happened(error):
        return LostAnswer(
            call=result.call,
            target=result.target,
            detail=f"{result.detail} The answer is missing: SES may have sent the mail, and the"
            " next try may send it again.",
        )
    return result


_STOPPED = frozenset({"AccountSuspendedException", "SendingPausedException"})


def _is_stopped(error: ClientError) -> bool:
    """Whether the account may not send at all now, as opposed to a throttled call.

    A used-up quota of a day has the code of a rate that was exceeded, and words of its own:
    "Daily message quota exceeded" (SES Developer Guide, "Errors related to the sending quotas").
    """
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    return error_code(error) in _STOPPED or "daily message quota" in message


def _sender_is_unverified(error: ClientError, mail: OutgoingMail) -> bool:
    """Whether SES rejects the mail for the stack's sender address, and so every mail.

    "Email address is not verified. The following identities failed the check in region R:
    a, b": senders always, recipients only while the account is in SES's sandbox; the list
    may be cut short (SES Developer Guide, "Troubleshooting", error messages). A mail has
    one recipient, so it is the sender unless the recipient alone is listed.
    """
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    if error_code(error) != "MessageRejected" or "address is not verified" not in message:
        return False
    return mail.sender.lower() in message or mail.recipient.lower() not in message
