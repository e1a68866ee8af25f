"""The work for a mail grows at most linearly with its size, for every content.

No time is measured here: `python -m tests.core.adversarial` does that. Calls are counted,
which shows loops that are quadratic in Python; what is quadratic inside of one call, such as a
search that starts over at every byte, would not end within the timeout at these sizes.
"""

from __future__ import annotations

import cProfile
import sys
from collections.abc import Callable
from functools import partial

import pytest

import relay_core.mime.message
from relay_core.attachments.attachment import find_attachments
from relay_core.errors import LimitExceeded
from relay_core.mime.encoded_words import MAX_WORDS, are_read_alike, decode_encoded_words
from relay_core.mime.parsing import parse_message
from relay_core.mime.size_limits import Limits
from relay_core.plan import Refused, plan_relay
from relay_core.record.report import Outcome
from relay_core.text.charsets import UNREAD
from relay_core.text.reading import decode_text
from tests.core.adversarial.shapes import SHAPES, UNLIMITED, Shape
from tests.core.adversarial.structure import many_parts, nested, nested_and_closed
from tests.core.laws import RAW_KEY, SETTINGS, relayed
from tests.fakes import MemoryWorld

LARGE = 250_000
"""A number of bytes that takes less than a second in linear time, minutes in quadratic time."""

each_shape = pytest.mark.parametrize(
    "shape",
    [pytest.param(one, id=name) for name, one in SHAPES.items()],
)


def calls_of(raw: bytes) -> int:
    """How many calls, of Python functions and of built-in ones, the whole path makes."""
    return calls_in(lambda: relayed(raw, UNLIMITED))


def calls_in(work: Callable[[], object]) -> int:
    # The profiler counts in C: a counter in Python takes several times as long as the work.
    profiler = cProfile.Profile(subcalls=False)
    before = sys.getprofile()
    profiler.runcall(work)
    sys.setprofile(before)
    return sum(entry.callcount for entry in profiler.getstats())


@each_shape
@pytest.mark.timeout(60)
def test_twice_the_size_is_twice_the_work(shape: Shape) -> None:
    relayed(shape(400), UNLIMITED)  # without what is compiled or cached once
    once, twice = calls_of(shape(200)), calls_of(shape(400))
    assert twice <= 2.3 * once


@pytest.mark.parametrize("form", ["text/plain", "text/html"])
def test_a_mail_to_many_is_read_and_written_once(form: str) -> None:
    """Only the link to a recipient's own page is made for each recipient."""

    def relay(count: int) -> None:
        recipients = ",".join(f"r{number}@example.org" for number in range(count))
        code = f":Email_Rxers_Code:{recipients}:Email_Rxers_Code:"
        first = f"--b\r\nContent-Type: {form}\r\n\r\n{code}" + "<p>21.5</p>\r\n" * 2000
        part = "\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>21.5</p>"
        file = "\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
        mail = (
            "From: s@plant.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            f"{first}{part * 500}{file}"
        )
        world = MemoryWorld()
        assert Outcome.RELAYED is world.relay(mail.encode(), SETTINGS).outcome
        assert count == len(world.submission.outbox)

    relay(2)
    once, often = calls_in(lambda: relay(1)), calls_in(lambda: relay(21))
    assert often < 2 * once


@pytest.mark.parametrize("word", ["=?utf-8?q?=C3=BC?=", "=?us-ascii?q?=81=fe?="])
def test_so_many_encoded_words_of_a_value_are_decoded_and_no_more(word: str) -> None:
    most, more = (f"{word} a " * number for number in (MAX_WORDS, 4 * MAX_WORDS))
    decoded = decode_encoded_words(most)
    assert "=?" not in decoded
    assert decoded + more[len(most) :] == decode_encoded_words(more)
    assert not are_read_alike(more), "what is left spells what nobody has looked at"
    calls, calls_of_more = (calls_in(partial(decode_encoded_words, one)) for one in (most, more))
    assert calls_of_more < 1.1 * calls


def test_each_text_is_tried_in_few_of_the_charsets_that_a_mail_names() -> None:
    hints = [f"iso-8859-{number}" for number in (3, 6, 7, 8, 14, 16)]
    content = bytes(range(128, 256)) * 10
    decode_text(content, None, hints)  # without what is cached once
    few, many = (calls_in(partial(decode_text, content, None, one)) for one in (hints[:4], hints))
    assert few == many


def test_only_early_texts_are_read_in_charsets_that_take_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = b"--b\r\nContent-Type: text/plain; charset=euc-jp\r\n\r\n\xad\xa1 ok\r\n"
    raw = b"From: a@x.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 3
    monkeypatch.setattr(relay_core.mime.message, "EARLY", len(raw) - len(part))
    message = parse_message(raw + b"--b--\r\n")
    read = [message.text(one).reading.charset for one in message.root.parts]
    assert ["cp51932", "cp51932", UNREAD] == read


def test_names_are_looked_for_in_the_content_of_so_many_attachments() -> None:
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: alarm\r\n\r\nx\r\n"
    raw = b"From: a@x.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 1100
    names = [one.safe_name for one in find_attachments(parse_message(raw + b"--b--\r\n"))]
    assert ["alarm.eml"] * 1000 + [
        f"attachment-{index}.eml" for index in range(1001, 1101)
    ] == names


@each_shape
@pytest.mark.timeout(60)
def test_large_mails_are_read_to_their_end(shape: Shape) -> None:
    each = (len(shape(1100)) - len(shape(100))) / 1000
    assert relayed(shape(max(100, int(LARGE / each))), UNLIMITED) is not None


def test_a_hundred_thousand_parts() -> None:
    raw = many_parts(100_000)
    message = parse_message(raw, UNLIMITED.limits)
    assert 100_001 == len(message.root.parts)
    with pytest.raises(LimitExceeded, match="10000 entities"):
        parse_message(raw)


def test_ten_thousand_levels() -> None:
    for raw in (nested(10_000), nested_and_closed(10_000)):
        result = relayed(raw, UNLIMITED)
        assert result is not None
        assert ("guard@example.org",) == result.recipients
        with pytest.raises(LimitExceeded, match="nested more than 1000 deep"):
            parse_message(raw)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"X: " + b"a" * 2_000_000 + b"\r\n\r\nx", id="header"),
        pytest.param(b"X: y\r\n\r\n" + b"a" * Limits().size, id="size"),
        pytest.param(many_parts(10_001), id="entities"),
        pytest.param(nested(1001), id="depth"),
    ],
)
def test_beyond_a_limit_the_mail_is_refused(raw: bytes) -> None:
    planned = plan_relay(raw, RAW_KEY, SETTINGS)
    assert isinstance(planned, Refused)
    assert ["limit-exceeded"] == [str(one.reason) for one in planned.refusals]
