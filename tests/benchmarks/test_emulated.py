"""The emulated Lambda runs the archive, and holds it to its share."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import lambda_times
from benchmarks.emulated import LOOKS, Container, Emulated, page_job, unpack
from benchmarks.quota import Quota, quota_for, share_of
from infra.configuration.environment import AMAZON_ROOTS_FILE
from infra.functions.archive import function_archive
from tests.benchmarks.test_figures import LAMBDA_TIMES
from tests.infra.program import ROOT


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A process that computes without end."""
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as process:
        yield process
        process.kill()


def processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("by_signals", [False, True])
def test_a_process_gets_no_more_of_a_processor_than_its_share(
    busy: subprocess.Popen[bytes], *, by_signals: bool
) -> None:
    with quota_for(busy.pid) as found:
        quota = Quota(busy.pid, None) if by_signals else found
        quota.hold(0.1)
        start, used = time.monotonic(), processor_seconds(busy.pid)
        # However busy the machine is, it cannot get more; a share of one would be at once.
        while time.monotonic() - start < 1:
            time.sleep(0.05)
        share = (processor_seconds(busy.pid) - used) / (time.monotonic() - start)
        quota.release()
    assert share < 0.3


def test_a_share_is_what_the_memory_buys() -> None:
    assert share_of(1769) == share_of(4000) == 1
    assert 2 * share_of(512) == share_of(1024)


def test_a_container_answers_over_tls_beside_its_calls_alone(tmp_path: Path) -> None:
    code = unpack(Path(function_archive(ROOT).path), tmp_path / "code")
    container = Container(
        python=Path(sys.executable), code=code, anchors=code / AMAZON_ROOTS_FILE, memory_mb=1769
    )
    (tmp_path / "runs").mkdir()
    emulated, job = Emulated(tmp_path / "runs"), page_job()
    kinds = ["init", "first page", *["page"] * LOOKS]
    for bare in (False, True):
        taken = list(emulated.run(job, container, bare=bare))
        assert kinds == [one.kind for one in taken]
        assert all(one.seconds > 0 for one in taken)


def test_people_read_the_times_in_tables() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    for table in lambda_times.tables_of(LAMBDA_TIMES):
        console.print(table)
    text = console.export_text()
    assert "8.1 ms with trustStore amazon" in text
    assert "123 MB" in text
    assert "functionMemory" in text
