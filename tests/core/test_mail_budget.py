"""The cost limits of a mail: bounded memory, and bundling of what exceeds a limit.

Memory is counted by tracemalloc, so that the bounds hold on any machine; time is measured by
`python -m benchmarks.costly`.
"""

from __future__ import annotations

import tracemalloc
import zipfile
from dataclasses import replace
from io import BytesIO

import pytest

from relay_core.attachments.attachment import ARCHIVE, content_of
from relay_core.errors import LimitExceeded
from relay_core.mime.parsing import parse_message
from relay_core.mime.size_limits import HEADERS, Limits
from relay_core.plan import RelayPlan, plan_relay
from relay_core.text.possessive import IS_SOUND
from tests.core import oracle
from tests.core.costly import CODE, sized
from tests.core.laws import RAW_KEY, SETTINGS, relayed, relayed_in_turn

SIZE = 700_000
MOST = 3 * SIZE + 32_000_000
"""The limit of allocated bytes while a mail of `SIZE` is relayed.

The 32 MB are for a region of tags (`SearchSizes.region`), which is limited in larger mails too.
"""

COSTLY = (
    "HTML table",
    "opened tags",
    "attributes",
    "torn code, then tags",
    "one-letter words",
    "one long word",
    "uuencoded files",
    "equals signs",
)
"""The shapes that took more than sixty times their size before the budget was introduced."""


@pytest.mark.skipif(not IS_SOUND, reason="this Python needs memory for each repeated group")
@pytest.mark.parametrize("name", COSTLY)
def test_no_shape_takes_many_times_its_size(name: str) -> None:
    relayed_in_turn(sized("log", 20_000))  # without what is made once
    raw = sized(name, SIZE)
    tracemalloc.start(1)
    try:
        relayed_in_turn(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST


@pytest.mark.skipif(not IS_SOUND, reason="this Python needs memory for each repeated group")
def test_comments_that_begin_in_one_take_no_memory_for_each_of_them() -> None:
    relayed_in_turn(sized("log", 20_000))
    raw = sized("opened comments", 1_500_000)
    tracemalloc.start(1)
    try:
        relayed_in_turn(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(raw)


PARTS = 1000
MAX_FOR_A_PART = 4000
"""The limit of bytes allocated for a small part, in addition to its content."""


@pytest.mark.skipif(not IS_SOUND, reason="this Python needs memory for each repeated group")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CODE, id="codes"),
        pytest.param(b"begin 644 a\r\n#0V%T\r\nend", id="uuencoded files"),
        pytest.param("\U0001f600".encode(), id="emoji"),
    ],
)
def test_many_small_texts_take_a_bounded_amount_each(text: bytes) -> None:
    relayed_in_turn(sized("log", 20_000))
    raw = mixed(b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%b\r\n" % text * PARTS)
    tracemalloc.start(1)
    try:
        relayed_in_turn(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * len(raw) + MAX_FOR_A_PART * PARTS


def mixed(parts: bytes) -> bytes:
    return (
        b"From: s@plant.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello " + CODE + b"\r\n"
    ) + (parts + b"--b--\r\n")


def file(number: int) -> bytes:
    return b"--b\r\nContent-Type: image/png; name=a.png\r\n\r\nfile %d\r\n" % number


FEW = replace(SETTINGS, max_attachments=5)


def planned(raw: bytes) -> RelayPlan:
    plan = plan_relay(raw, RAW_KEY, FEW, may_lack_receipt=True)
    assert isinstance(plan, RelayPlan)
    return plan


def test_as_many_attachments_as_may_be_are_files_of_their_own() -> None:
    plan = planned(mixed(b"".join(map(file, range(5)))))
    assert ["a.png"] * 5 == [one.attachment.safe_name for one in plan.uploads]


def test_what_is_more_is_in_an_archive_and_nothing_is_lost() -> None:
    block = b"begin 644 b.log\r\n#0V%T\r\nend\r\n"
    text = b"--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n" + block * 3
    raw = mixed(b"".join(map(file, range(4))) + text + file(7))
    plan = planned(raw)
    contents = [b"".join(content_of(plan.message, one.attachment)) for one in plan.uploads]
    assert [b"file 0", b"file 1", b"file 2", b"file 3"] == contents[:4]
    archive = plan.uploads[-1].attachment
    assert (5, ARCHIVE, "application/zip") == (
        archive.index,
        archive.safe_name,
        archive.stored_content_type,
    )
    with zipfile.ZipFile(BytesIO(contents[4])) as opened:
        assert opened.testzip() is None
        inside = {name: opened.read(name) for name in opened.namelist()}
    assert {
        "5-b.log": b"Cat",
        "6-b.log": b"Cat",
        "7-b.log": b"Cat",
        "8-a.png": b"file 7",
    } == inside
    assert contents[4] == b"".join(content_of(plan.message, archive))
    result = relayed(raw, FEW)
    assert result is not None
    outgoing = oracle.parse(result.outgoing)
    texts = [oracle.text_of(part) for part in outgoing.walk() if not part.is_multipart()]
    assert 2 == len(texts)
    assert "This message has 8 files. The first 4 are listed here" in texts[0]
    assert ARCHIVE in texts[0]
    assert "words" == texts[1].strip()
    assert b"file 7" not in result.outgoing


def test_a_text_with_too_many_files_is_a_file_itself() -> None:
    block = b"begin 644 b.log\r\n#0V%T\r\nend\r\n"
    raw = b"From: s@plant.example\r\n\r\nhello\r\n" + CODE + b"\r\n" + block * 6 + b"bye\r\n"
    plan = planned(raw)
    ((key, attachment),) = ((one.key, one.attachment) for one in plan.uploads)
    assert "full-text.txt" == key.rpartition("/")[2]
    content = b"".join(content_of(plan.message, attachment))
    assert b"hello\r\n" + block * 6 + b"bye\r\n" == content
    result = relayed(raw, FEW)
    assert result is not None
    shown = oracle.text_of(oracle.parse(result.outgoing))
    assert "begin" not in shown
    assert shown.startswith("hello\nbye\n")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"From: a@x.org\r\n" + b"X:\n" * 2000 + b"\nhello", "too many header fields"),
        (mixed(b"--b\r\nX-A: b\r\n\r\nx\r\n" * 1001), "too many header fields"),
        (mixed((b"--b\r\nX-A: " + b"b" * 9000 + b"\r\n\r\nx\r\n") * 50), "bytes in all"),
        (b"Subject: " + b"a\r\n " * 20_000 + b"\r\n\r\nhello", "is too long"),
    ],
)
def test_headers_are_counted_while_they_are_read(raw: bytes, words: str) -> None:
    limits = Limits(header_size=10_000, header_fields=1000)
    assert 50 * 9000 > HEADERS * limits.header_size
    with pytest.raises(LimitExceeded, match=words):
        parse_message(raw, limits)


def test_a_text_that_reads_like_a_header_for_long_is_a_text() -> None:
    """A part without an empty line is read as a header up to the limit of a header only."""
    part = b"--b\r\nContent-Type: text/plain\r\n" + b"Temperature: 21.5\r\n" * 5000
    limits = Limits(header_size=10_000)
    message = parse_message(mixed(part), limits)
    assert part.count(b"Temperature") == message.raw[
        message.root.parts[1].body.start : message.root.parts[1].body.end
    ].count(b"Temperature")
