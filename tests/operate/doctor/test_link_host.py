"""Doctor's check of the host name of the links."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operate.doctor.checks import CheckContext
from operate.doctor.deployment import Outputs
from operate.doctor.dns_records import Answer, Resolver
from operate.doctor.link_host import judge_link_host, read_link_host
from operate.doctor.verdicts import Verdict


def said_of(url: str, resolve: Resolver | None) -> list[Verdict]:
    context = CheckContext(
        outputs=Outputs({"downloadUrl": url}),
        region="eu-central-1",
        client=lambda _: None,
        resolve=resolve,
        clock=lambda: datetime.now(UTC),
    )
    return list(judge_link_host(read_link_host(context)))


@pytest.mark.parametrize(
    ("answer", "status"), [(("192.0.2.1",), "ok"), ((), "problem"), (None, "unknown")]
)
def test_a_domain_must_have_an_address(answer: Answer, status: str) -> None:
    asked: list[tuple[str, str]] = []

    def resolve(name: str, type_: str) -> Answer:
        asked.append((name, type_))
        return answer

    (verdict,) = said_of("https://files.example.com", resolve)
    assert asked == [("files.example.com", "A")]
    assert verdict.status == status
    assert "files.example.com" in verdict.found
    assert bool(verdict.remedy) == (status != "ok")


def test_without_a_dns_it_is_unknown() -> None:
    (verdict,) = said_of("https://files.example.com", None)
    assert verdict.status == "unknown"


def test_an_address_is_in_no_dns() -> None:
    (verdict,) = said_of("http://127.0.0.1:8025", None)
    assert verdict.status == "ok"


def test_without_a_page_nothing_is_said() -> None:
    assert [] == said_of("", None)
