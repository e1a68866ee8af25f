"""The emulated Lambda runs the archive, and limits it to its share of a processor."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import lambda_times
from benchmarks.emulated import LOOKS, Container, Emulated, page_job, unpack
from benchmarks.quota import CONTROL_GROUP, SIGNALS, Quota, quota_for, share_of
from infra.functions.archive import AMAZON_ROOTS_FILE, function_archive
from tests.benchmarks.test_figures import LAMBDA_TIMES
from tests.infra.program import ROOT
from tests.waiting import eventually


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A process that computes without end."""
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as process:
        yield process
        process.kill()


def state_of(pid: int) -> str:
    """R, S, T and so on (proc(5), `/proc/pid/stat`)."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]


def test_what_has_used_up_its_share_is_stopped_by_a_signal_and_goes_on_in_the_end(
    busy: subprocess.Popen[bytes],
) -> None:
    quota = Quota(busy.pid, None)
    assert quota.means == SIGNALS
    quota.hold(0.1)
    eventually(lambda: state_of(busy.pid) == "T")
    quota.release()
    eventually(lambda: state_of(busy.pid) == "R")


def test_where_a_control_group_can_be_made_the_process_is_in_it_until_the_end(
    busy: subprocess.Popen[bytes],
) -> None:
    groups = Path(f"/proc/{busy.pid}/cgroup")
    with quota_for(busy.pid) as quota:
        quota.hold(0.1)
        is_held = "mail-relay-bench-" in groups.read_text("ascii")
        assert is_held == (quota.means == CONTROL_GROUP)
    assert "mail-relay-bench-" not in groups.read_text("ascii")


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
