"""SES sending: which caller may send which mail from which address, and its delivery.

The emulator's own SES keeps only the subject and text of a raw message, so the sandbox answers
SendEmail (API version 2) itself. It uses what is deployed: the emulator's verified identities and
configuration sets, and the IAM policies of the caller's role. SES authorizes a raw message as
`ses:SendRawEmail`, for every operation, on the identity and on the configuration set, with the
service's condition keys (Service Authorization Reference, "Amazon SES").
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from sandbox.events import Listener, MailSubmitted

from .encoded_words import decode_words
from .errors import SesError
from .events import SendingEvents
from .faults import Faults
from .iam import Policy, Request, is_allowed, parse_policy
from .identities import Identities, NotVerified
from .message import SubmittedMessage, check_recipients, read_message
from .outbox import Outbox

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sesv2 import SESV2Client

_ACTION = "ses:SendRawEmail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The principal that signed a request: the ARN of an assumed role or of root."""

    arn: str

    @property
    def is_root(self) -> bool:
        """Whether it is the account's root, which has every permission."""
        return self.arn.endswith(":root")

    @property
    def role_name(self) -> str | None:
        """The role of an assumed-role session, else None."""
        kind, _, rest = self.arn.rpartition(":")[2].partition("/")
        return rest.partition("/")[0] if kind == "assumed-role" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A SendEmail request: envelope, raw content, and a configuration set's name or None."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    configuration_set: str | None


def parse_send_request(body: bytes) -> SendRequest:
    """Parse SendEmail's JSON.

    Raises:
        SesError: BadRequestException, if it has no raw content or cannot be read.
    """
    try:
        document: Mapping[str, Any] = json.loads(body)
        content = document["Content"]
        if "Raw" not in content:
            raise SesError("BadRequestException", "The sandbox sends raw content only.")
        raw = base64.b64decode(content["Raw"]["Data"], validate=True)
        destination = document.get("Destination") or {}
        recipients = [
            parseaddr(address)[1] or address
            for key in ("ToAddresses", "CcAddresses", "BccAddresses")
            for address in destination.get(key) or []
        ]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise SesError("BadRequestException", f"The request cannot be read: {error!r}") from None
    return SendRequest(
        sender=document.get("FromEmailAddress") or "",
        recipients=tuple(recipients),
        raw=raw,
        configuration_set=document.get("ConfigurationSetName"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """SendEmail with the emulator's identities and policies. Blocks on calls to AWS."""

    sesv2: SESV2Client
    iam: IAMClient
    region: str
    account_id: str
    faults: Faults
    outbox: Outbox
    events: SendingEvents
    listener: Listener

    def send(self, request: SendRequest, caller: Caller) -> str:
        """Deliver a mail to the mailboxes of its recipients; return SES's message id.

        Raises:
            SesError: SES's error answer.
        """
        self.faults.meet(request.recipients)
        message = read_message(request.raw)
        sender = parseaddr(request.sender)[1] or message.from_address
        recipients = request.recipients or message.recipients
        check_recipients(recipients)
        identities = self._verified_identities(sender, message.from_address)
        self._authorize(caller, request, message, identities, recipients)
        submission_id = f"{time.time_ns() // 1_000_000:016x}-{uuid.uuid4()}-000000"
        for number, recipient in enumerate(dict.fromkeys(recipients)):
            self.outbox.deliver(recipient, request.raw, f"{submission_id}.{number}.eml")
        self.listener(
            MailSubmitted(
                submission_id=submission_id,
                sender=sender,
                recipients=recipients,
                subject=decode_words(message.subject),
                size=len(request.raw),
            )
        )
        for recipient in recipients:
            self.events.follow(
                submission_id,
                sender=sender,
                recipient=recipient,
                configuration_set=request.configuration_set,
            )
        return submission_id

    def _verified_identities(self, *addresses: str) -> tuple[str, ...]:
        try:
            return Identities(sesv2=self.sesv2, region=self.region).require(*addresses)
        except NotVerified as error:
            raise SesError("MessageRejected", str(error)) from None

    def _authorize(
        self,
        caller: Caller,
        request: SendRequest,
        message: SubmittedMessage,
        identities: tuple[str, ...],
        recipients: tuple[str, ...],
    ) -> None:
        resources = [f"identity/{identity}" for identity in identities]
        if request.configuration_set is not None:
            self._require_configuration_set(request.configuration_set)
            resources.append(f"configuration-set/{request.configuration_set}")
        if caller.is_root:
            return
        context = {
            "ses:ApiVersion": ("2",),
            "ses:FromAddress": (message.from_address,),
            "ses:FromDisplayName": (message.from_display_name,),
            "ses:Recipients": recipients,
        }
        policies = list(self._policies(caller))
        for resource in resources:
            arn = f"arn:aws:ses:{self.region}:{self.account_id}:{resource}"
            if not is_allowed(Request(action=_ACTION, resource=arn, context=context), policies):
                raise SesError(
                    "AccessDeniedException",
                    f"User `{caller.arn}' is not authorized to perform `{_ACTION}' on resource"
                    f" `{arn}'",
                )

    def _require_configuration_set(self, name: str) -> None:
        try:
            self.sesv2.get_configuration_set(ConfigurationSetName=name)
        except self.sesv2.exceptions.NotFoundException:
            raise SesError(
                "NotFoundException", f"Configuration set <{name}> does not exist."
            ) from None

    def _policies(self, caller: Caller) -> Iterator[Policy]:
        role = caller.role_name
        if role is None:
            return
        for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            answer = self.iam.get_role_policy(RoleName=role, PolicyName=name)
            yield parse_policy(answer["PolicyDocument"])
        for attached in self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)
            yield parse_policy(document["PolicyVersion"]["Document"])
