from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from adapters.aws import clients
from adapters.aws.ses import SesSubmission
from relay_core.environment import InvalidSettings
from relay_core.errors import (
    AdapterError,
    LostAnswer,
    PermanentError,
    SendingStopped,
    TransientError,
)
from relay_core.ports import OutgoingMail, SubmissionId
from relay_core.settings import Settings
from tests.adapters.answering_server import (
    AnsweringServer,
    Hang,
    HangUp,
    answering_server,
    ses_error,
    ses_sent,
)
from tests.adapters.contracts import SubmissionContract

MAIL = SubmissionContract.MAIL
THREADS = ThreadPoolExecutor(50)
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region"
    " EU-CENTRAL-1: "
)


def submission_to(
    server: AnsweringServer, *, configuration_set_name: str | None = None
) -> SesSubmission:
    # the endpoint reaches the client as in the sandbox: through the SDK's own variable
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)
        patch.delenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", raising=False)
        session = boto3.Session(
            aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1"
        )
        return SesSubmission(
            client=clients.make_ses_client(session),
            threads=THREADS,
            configuration_set_name=configuration_set_name,
        )


def test_no_submission_of_a_worker_waits_for_a_connection() -> None:
    """The pool holds as many as the settings let a worker submit at the same time."""
    settings = Settings(
        stack="test",
        sender_address="relay@mail.example.com",
        inbound_address="secret@in.example.com",
        allowed_recipients=("example.com",),
    )
    pool = clients._SES.max_pool_connections  # type: ignore[attr-defined] # not in the stubs
    with pytest.raises(InvalidSettings):
        replace(settings, submission_concurrency=pool + 1)


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """No repetition, and a read timeout that a test can wait for."""
    once = Config(read_timeout=1.0, retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr(clients, "_SES", clients._SES.merge(once))


@pytest.fixture
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repetitions as configured, with a read timeout that a test can wait for, and no pause."""
    monkeypatch.setattr(clients, "_SES", clients._SES.merge(Config(read_timeout=1.0)))
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


def answer_of(submission: SesSubmission) -> SubmissionId | AdapterError:
    (answer,) = submission.submit_each([MAIL])
    return answer


class TestSesSubmission(SubmissionContract):
    @pytest.fixture
    def server(self) -> Iterator[AnsweringServer]:
        with answering_server(ses_sent("sent-1"), ses_sent("sent-2")) as started:
            yield started

    @pytest.fixture
    def submission(self, server: AnsweringServer) -> Iterator[SesSubmission]:
        made = submission_to(server)
        yield made
        made.client.close()

    @pytest.fixture
    def outbox(self, server: AnsweringServer) -> Callable[[], list[OutgoingMail]]:
        def read() -> list[OutgoingMail]:
            return [
                OutgoingMail(
                    sender=request["FromEmailAddress"],
                    recipient=recipient,
                    raw=base64.b64decode(request["Content"]["Raw"]["Data"]),
                )
                for request in server.requests
                for addresses in request["Destination"].values()
                for recipient in addresses
            ]

        return read

    def test_the_id_is_the_one_of_ses(self, submission: SesSubmission) -> None:
        assert answer_of(submission) == "sent-1"

    @pytest.mark.parametrize("name", ["my-set", None])
    def test_the_configuration_set_is_named_if_there_is_one(
        self, server: AnsweringServer, name: str | None
    ) -> None:
        submission = submission_to(server, configuration_set_name=name)
        answer_of(submission)
        submission.client.close()
        assert name == server.requests[0].get("ConfigurationSetName")


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    ("code", "status", "message", "error"),
    [
        ("TooManyRequestsException", 429, "Maximum sending rate exceeded.", TransientError),
        ("TooManyRequestsException", 400, "Daily message quota exceeded.", SendingStopped),
        ("LimitExceededException", 400, "Daily message quota exceeded.", SendingStopped),
        ("ThrottlingException", 400, "Rate exceeded", TransientError),
        ("SendingPausedException", 400, "Sending is paused", SendingStopped),
        ("AccountSuspendedException", 400, "Account is suspended", SendingStopped),
        ("MailFromDomainNotVerifiedException", 400, "not verified", TransientError),
        ("NotFoundException", 404, "Configuration set does not exist", TransientError),
        (
            "AccessDeniedException",
            403,
            "not authorized to perform ses:SendRawEmail",
            TransientError,
        ),
        ("InternalFailure", 500, "oops", LostAnswer),
        ("ServiceUnavailable", 503, "later", LostAnswer),
        ("BadRequestException", 400, "Missing final '@domain'", PermanentError),
        ("MessageRejected", 400, "Message contains a virus", PermanentError),
        ("MessageRejected", 400, UNVERIFIED + MAIL.recipient, PermanentError),
        ("MessageRejected", 400, UNVERIFIED + MAIL.sender, TransientError),
        ("MessageRejected", 400, f"{UNVERIFIED}{MAIL.sender}, {MAIL.recipient}", TransientError),
        ("MessageRejected", 400, UNVERIFIED + "...", TransientError),
    ],
)
def test_errors_of_ses_on_the_wire(
    code: str, status: int, message: str, error: type[AdapterError]
) -> None:
    with answering_server(ses_error(code, status, message)) as server:
        submission = submission_to(server)
        answer = answer_of(submission)
        submission.client.close()
    assert isinstance(answer, AdapterError)
    assert error is type(answer)
    assert answer.call == "ses:SendEmail"
    assert MAIL.recipient == answer.target
    assert f"{code} ({status}): {message}" in answer.detail
    assert ("may have sent" in answer.detail) is (status >= 500)


@pytest.mark.usefixtures("quick_attempts")
@pytest.mark.parametrize(
    "lost", [Hang(), HangUp(), ses_error("InternalFailure", 500), ses_error("", 503)]
)
def test_a_mail_whose_answer_is_lost_is_not_sent_again_within_the_call(
    lost: Hang | HangUp,
) -> None:
    with answering_server(lost, ses_sent()) as server:
        submission = submission_to(server)
        answer = answer_of(submission)
        submission.client.close()
        assert isinstance(answer, LostAnswer)
        assert "SES may have sent the mail" in answer.detail
        assert len(server.requests) == 1


@pytest.mark.usefixtures("one_attempt")
def test_each_mail_of_a_group_has_its_own_answer_in_its_place() -> None:
    mails = [replace(MAIL, recipient=f"r{number}@example.net") for number in range(8)]

    def rejecting(request: dict[str, Any]) -> bool:
        return request["Destination"]["ToAddresses"][0] in {"r2@example.net", "r5@example.net"}

    with answering_server(ses_sent()) as server:
        server.choose = lambda request: (
            ses_error("MessageRejected", 400, "no") if rejecting(request) else ses_sent()
        )
        submission = submission_to(server)
        answers = submission.submit_each(mails)
        submission.client.close()
    assert [2, 5] == [n for n, one in enumerate(answers) if isinstance(one, PermanentError)]
    assert 8 == len(server.requests)


@pytest.mark.usefixtures("quick_attempts")
def test_a_mail_that_was_throttled_is_sent_again_within_the_call() -> None:
    throttled = ses_error("TooManyRequestsException", 429, "Maximum sending rate exceeded.")
    with answering_server(throttled, throttled, ses_sent()) as server:
        submission = submission_to(server)
        assert answer_of(submission) == "sent-1"
        submission.client.close()
        assert len(server.requests) == 3


@pytest.mark.usefixtures("quick_attempts")
def test_a_mail_that_stays_throttled_goes_back_to_the_queue() -> None:
    throttled = ses_error("TooManyRequestsException", 429, "Maximum sending rate exceeded.")
    with answering_server(throttled) as server:
        submission = submission_to(server)
        answer = answer_of(submission)
        submission.client.close()
        assert type(answer) is TransientError
        assert "Maximum sending rate exceeded" in answer.detail
        assert len(server.requests) == 4


@pytest.mark.usefixtures("one_attempt")
def test_a_service_out_of_reach_sent_nothing() -> None:
    with answering_server(ses_sent()) as server:
        submission = submission_to(server)
    answer = answer_of(submission)
    submission.client.close()
    assert type(answer) is TransientError
    assert "may have sent" not in answer.detail
