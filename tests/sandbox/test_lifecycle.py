"""How the sandbox starts and ends: its exit status, its error line, and the remaining files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.data_folder import LOCK_NAME, data_folder
from tests.sandbox.running import START_TIMEOUT, await_ready, sandbox_process
from tests.waiting import eventually


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A temporary folder that nothing else writes into."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def environment(temporary: Path) -> Mapping[str, str]:
    return {"TMPDIR": str(temporary)}


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_leaves_nothing(
    tmp_path: Path, temporary: Path, number: signal.Signals
) -> None:
    ready_file = tmp_path / "ready.json"
    with sandbox_process(
        tmp_path, "--ready-file", str(ready_file), environment=environment(temporary)
    ) as process:
        sandbox = await_ready(process, tmp_path, ready_file)
        assert list(temporary.iterdir())
        process.send_signal(number)
        assert process.wait(60) == 0
    assert list(temporary.iterdir()) == []
    assert not ready_file.exists()
    endpoints = (sandbox.ready["aws"]["endpoint"], sandbox.ready["http"])
    ports = [sandbox.smtp["port"], *map(port_of, endpoints)]
    assert [False] * 3 == [is_listening(port) for port in ports]
    assert (tmp_path / "stderr").read_text() == ""


def test_a_signal_while_starting_ends_everything_too(tmp_path: Path, temporary: Path) -> None:
    with sandbox_process(tmp_path, environment=environment(temporary)) as process:
        # Its folder appears just before the emulator starts.
        eventually(lambda: list(temporary.iterdir()), within=START_TIMEOUT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert list(temporary.iterdir()) == []
    assert (tmp_path / "stderr").read_text() == ""


def test_a_terminal_that_goes_away_is_no_failure(temporary: Path) -> None:
    with subprocess.Popen(
        # The process that runs the tests may ignore the signal, which children inherit.
        ["env", "--default-signal=HUP", sys.executable, "-m", "sandbox"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"TMPDIR": str(temporary), "PATH": "/usr/bin:/bin"},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Starting")
        process.stdout.close()
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0
    assert list(temporary.iterdir()) == []


WARNINGS = (
    (
        'allowedRecipients contains "*": anyone who learns the address that devices send to'
        " can send mail to any recipient in your name"
    ),
    (
        "fallbackEmails is empty: no subscriber receives the notices of mail that was not"
        " relayed, unless you subscribe something else to the topic of the output fallbackTopicArn"
    ),
    (
        "alarmEmails is empty: no subscriber receives the alarms, unless you subscribe something"
        " else to the topic of the output alarmsTopicArn"
    ),
    (
        "activateRuleSet is false, and no receipt rule set is active in this account and region:"
        " until this stack's mail-relay-sandbox is activated, SES receives no mail for the relay,"
        " and no alarm reports that"
    ),
)


def test_what_the_program_warns_of_is_shown_at_the_start(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    changes = ("allowedRecipients=*", "fallbackEmails=", "alarmEmails=", "activateRuleSet=false")
    arguments = [part for change in changes for part in ("--config", change)]
    with sandbox_process(tmp_path, "--ready-file", str(ready_file), *arguments) as process:
        await_ready(process, tmp_path, ready_file)
    shown, _, _ = (tmp_path / "stdout").read_text().partition("The relay runs.")
    warned = [line.partition("warning  ")[2] for line in shown.splitlines() if "warning  " in line]
    assert sorted(warned) == sorted(WARNINGS)


def test_a_data_folder_is_known_by_its_path_without_links_and_dots(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with data_folder(tmp_path / "real" / ".." / "link" / "data") as found:
        pass
    assert found == tmp_path.resolve() / "real" / "data"


def failed_start(tmp_path: Path, *arguments: str, forked: bool = True) -> str:
    """The one line on standard error of a start that has to fail."""
    with sandbox_process(tmp_path, *arguments, forked=forked) as process:
        assert process.wait(60) == 1
    text = (tmp_path / "stderr").read_text()
    assert text.endswith("\n")
    [line] = text.splitlines()
    return line


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("option", ["--smtp-port", "--http-port"])
def test_a_port_in_use(tmp_path: Path, option: str) -> None:
    with taken_port() as port:
        line = failed_start(tmp_path, option, str(port), forked=False)
    assert f"{option} {port}" in line
    assert "in use" in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--config", "noSuchKey=1"), "noSuchKey"),
        (("--config", "maxRecipients=many"), "maxRecipients"),
        (("--config", "maxRecipients=0"), "maxRecipients"),
        (("--config", "linkMode=carrier-pigeon"), "linkMode"),
        (("--config", "allowedRecipients"), "allowedRecipients"),
        (("--smtp-port", "many"), "--smtp-port"),
        (("--smtp-port", "70000"), "--smtp-port"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    assert named in failed_start(tmp_path, *arguments)


def test_all_that_is_wrong_with_the_configuration_is_reported_on_the_one_line(
    tmp_path: Path,
) -> None:
    line = failed_start(tmp_path, "--config", "maxRecipients=0", "--config", "functionMemory=1")
    assert "(2 problems): maxRecipients = 0: must" in line
    assert "; functionMemory = 1: must" in line


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert f"--data {file}" in failed_start(tmp_path, "--data", str(file))


HOLDER = """
import subprocess, sys
from pathlib import Path
from sandbox.data_folder import data_folder
with data_folder(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_one_sandboxs_until_it_ends_even_if_it_is_killed(tmp_path: Path) -> None:
    data, ready_file = tmp_path / "data", tmp_path / "ready.json"
    ready_file.write_text("of the first sandbox")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        child = int(first.stdout.readline())
        try:
            files = {path: path.read_bytes() for path in data.iterdir()}
            line = failed_start(tmp_path, "--data", str(data), "--ready-file", str(ready_file))
            assert f"--data {data}: the sandbox with process id {first.pid} uses" in line
            # The files of the first sandbox are unchanged.
            assert files == {path: path.read_bytes() for path in data.iterdir()}
            assert ready_file.read_text() == "of the first sandbox"
            first.kill()
            first.wait()
            # Its child process still exists, but the folder is free.
            with data_folder(data) as found:
                assert (found / LOCK_NAME).read_text() == f"{os.getpid()}\n"
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_ready_file_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "ready.json"
    assert f"--ready-file {file}" in failed_start(tmp_path, "--ready-file", str(file))
