"""A terminal that does not read does not block the sandbox."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from sandbox.terminal.output import BestEffortOutput


@pytest.fixture(params=["utf-8", "ascii"])
def pipe(request: pytest.FixtureRequest) -> Iterator[tuple[int, TextIO]]:
    """The reading end of a pipe, and a stream on its writing end."""
    reading, writing = os.pipe()
    stream = io.TextIOWrapper(io.FileIO(writing, "w"), encoding=request.param)
    yield reading, stream
    with suppress(OSError):
        os.close(reading)
    stream.close()


def drained(reading: int) -> str:
    os.set_blocking(reading, False)
    content = b""
    with suppress(BlockingIOError):
        while chunk := os.read(reading, 1 << 16):
            content += chunk
    return content.decode()


def test_output_that_is_read_is_complete(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    output = BestEffortOutput(stream)
    output.write("one\n")
    output.write("zwölf ✓\n")
    assert "one\nzwölf ✓\n".encode(output.encoding, "replace").decode() == drained(reading)


def test_output_that_is_not_read_is_left_out_and_counted(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    output = BestEffortOutput(stream)
    for _ in range(5_000):
        output.write("x" * 99 + "\n")
    printed = drained(reading)
    assert 0 < printed.count("\n") < 5_000
    output.write("again\n")
    after = drained(reading)
    assert after.endswith(" lines dropped: output not read\nagain\n")


def test_a_reader_that_is_gone_is_an_error(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        BestEffortOutput(stream).write("x")
