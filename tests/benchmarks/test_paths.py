"""The benchmark's paths do the same job."""

from __future__ import annotations

import email
import re
from itertools import islice

import pytest

from benchmarks import paths
from benchmarks.figures import SIZES
from benchmarks.mails import Mail, mails_of_parts, sensor_mails
from benchmarks.memory import peak_growth


@pytest.mark.parametrize("mail", [next(sensor_mails(10_000)), next(mails_of_parts(5))])
def test_all_link_the_same_contents_and_all_but_the_engine_cut_the_code(mail: Mail) -> None:
    link = re.compile(r"https://files\.example\.com/([0-9a-f]{64})")
    digests = []
    for way in (paths.relay, paths.relay_alone, paths.library, paths.engine):
        texts = []
        for part in email.message_from_bytes(way(mail)).walk():
            if not part.is_multipart():
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                texts.append(content.decode())
        assert (way is paths.engine) == ("Email_Rxers_Code" in "".join(texts))
        digests.append(link.findall("".join(texts)))
    assert digests[0]
    assert all(found == digests[0] for found in digests)


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_mail_is_as_large_as_asked_for(size: int) -> None:
    mail = next(sensor_mails(size))
    assert abs(len(mail.raw) - size) < size / 50
    assert mail.encoded in mail.raw


def test_no_two_mails_are_alike_and_every_run_has_the_same() -> None:
    one, other = (list(islice(sensor_mails(10_000), 5)) for _ in range(2))
    assert one == other
    assert len({mail.raw for mail in one}) == len(one)


def test_the_parts_are_about_as_much_as_the_whole_has() -> None:
    mail = next(sensor_mails(min(SIZES)))
    assert paths.decode(mail) == paths.decode_pybase64(mail)
    assert paths.search(mail) == -1


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    raw = next(sensor_mails(8_000_000)).raw
    assert len(raw) / 2 < peak_growth(raw) < 3 * len(raw)
