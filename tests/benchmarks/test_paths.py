"""The benchmark's paths do the same job."""

from __future__ import annotations

import email
import re

import pytest

from benchmarks import paths
from benchmarks.mails import mail_of_parts, sensor_mail
from benchmarks.memory import peak_growth


@pytest.mark.parametrize("raw", [sensor_mail(10_000).raw, mail_of_parts(5).raw])
def test_both_link_the_same_contents_and_cut_the_code(raw: bytes) -> None:
    link = re.compile(r"https://files\.example\.com/([0-9a-f]{64})")
    digests = []
    for out in (paths.relay(raw), paths.library(raw)):
        texts = []
        for part in email.message_from_bytes(out).walk():
            if not part.is_multipart():
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                texts.append(content.decode())
        assert "Email_Rxers_Code" not in "".join(texts)
        digests.append(link.findall("".join(texts)))
    assert digests[0] == digests[1]
    assert digests[0]


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_mail_is_as_large_as_asked_for(size: int) -> None:
    mail = sensor_mail(size)
    assert abs(len(mail.raw) - size) < size / 50
    assert mail.encoded in mail.raw


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    raw = sensor_mail(8_000_000).raw
    assert len(raw) / 2 < peak_growth(raw) < 3 * len(raw)
