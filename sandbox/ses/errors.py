"""SES's errors, as its API version 2 words them (SES API Reference v2, "SendEmail")."""

from __future__ import annotations

HTTP_STATUS = {
    "AccessDeniedException": 403,
    "InternalServiceErrorException": 500,
    "NotFoundException": 404,
    "ServiceUnavailableException": 503,
    "TooManyRequestsException": 429,
}
"""The HTTP status of each error whose status is not 400."""

USUAL_MESSAGES = {
    "AccountSuspendedException": "The account is suspended.",
    "LimitExceededException": "Daily message quota exceeded.",
    "MessageRejected": "The message can't be sent because it contains invalid content.",
    "SendingPausedException": "Sending is paused for the account.",
    "TooManyRequestsException": "Maximum sending rate exceeded.",
}
"""SES's messages for errors on request without a message."""


class SesError(Exception):
    """An error answer of SES: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or HTTP_STATUS.get(code, 400)
