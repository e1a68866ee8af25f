"""The smart host of docs/smart-host, run by Postfix on this machine in folders of its own.

Only the listening addresses, the relay host and the paths of files differ from the document.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import eventually

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs"
PROGRAMS = ("postfix", "postconf", "saslpasswd2", "openssl")
USER, PASSWORD = "camera-7", "x" * 12 + "A/+=" + "9" * 16
"""The login of a site's devices; the password has 32 characters, the maximum of some devices."""


def require_programs() -> None:
    """Skip the test where Postfix cannot be run."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} of Debian's postfix, sasl2-bin, openssl: not installed")
    if os.getuid() != 0:
        pytest.skip("Postfix's master process is started by root alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartHost:
    """A running smart host. Ports are on the loopback address."""

    folder: Path
    port: int
    submission_port: int
    tls_port: int

    def run(self, *command: str) -> str:
        """Run one of Postfix's commands with this configuration; return its output."""
        program, *arguments = command
        return run_command([program, "-c", str(self.folder / "etc"), *arguments])

    def log_in_with(self, password: str) -> None:
        """Set the password for SES."""
        file = self.folder / "etc" / "relay_password"
        beginning = file.read_text("utf-8").rpartition(":")[0]
        file.write_text(f"{beginning}:{password}\n", "utf-8")
        self.run("postfix", "reload")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")


@contextmanager
def running_smart_host(
    smtp: Mapping[str, Any], *, password: str | None = None
) -> Iterator[SmartHost]:
    """A smart host that submits to a sandbox; `smtp` is from its ready file."""
    require_programs()
    # Postfix's processes need access, and pytest's folders are readable by root only.
    with tempfile.TemporaryDirectory(prefix="smart-host-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        host = _install(folder, smtp, password or smtp["password"])
        host.run("postfix", "start")
        try:
            eventually(lambda: _listens(host.port))
            yield host
        except AssertionError as error:
            raise AssertionError(f"{error}\nlog of the smart host:\n{host.log}") from error
        finally:
            host.run("postfix", "stop")


def _install(folder: Path, smtp: Mapping[str, Any], password: str) -> SmartHost:
    server = f"[localhost]:{smtp['port']}"
    etc = folder / "etc"
    shutil.copytree(DOCUMENTS / "smart-host", etc)
    ports = {"25": _free_port(), "587": _free_port(), "465": _free_port()}
    services = (etc / "master.cf").read_text("utf-8")
    for port, own in ports.items():
        services = services.replace(f"\n{port} ", f"\n127.0.0.1:{own} ")
    (etc / "master.cf").write_text(services, "utf-8")
    sasl = etc / "sasl" / "smtpd.conf"
    sasl.write_text(sasl.read_text("utf-8").replace("/etc/postfix", str(etc)), "utf-8")
    settings = {
        "relay_server": server,
        "relay_sender": smtp["mail_from"],
        "relay_recipient": smtp["rcpt_to"],
        "smtp_tls_CAfile": smtp["ca_file"],
        "queue_directory": folder / "queue",
        "data_directory": folder / "data",
        "maillog_file": folder / "log",
        "maillog_file_prefixes": folder,
        "inet_protocols": "ipv4",
    }
    run_command(
        ["postconf", "-c", str(etc), *(f"{key} = {value}" for key, value in settings.items())]
    )
    line = f"{server} {smtp['username']}:{password}\n"
    (etc / "relay_password").write_text(line, "utf-8")
    (etc / "relay_password").chmod(0o600)
    # The site's password and the certificate, by the commands of docs/devices.md.
    (commands,) = (one for one in _blocks() if "saslpasswd2" in one)
    commands = commands.replace("saslpasswd2 -c", "saslpasswd2 -p -c")  # -p: no terminal
    commands = commands.replace("/etc/postfix", str(etc))
    assert USER in commands
    run_command(["bash", "-eu", "-c", commands], feeding=f"{PASSWORD}\n")
    (folder / "data").mkdir()
    shutil.chown(folder / "data", user="postfix")
    (folder / "queue").mkdir()
    return SmartHost(
        folder=folder, port=ports["25"], submission_port=ports["587"], tls_port=ports["465"]
    )


def _blocks() -> list[str]:
    """The commands of the document's section."""
    text = (DOCUMENTS / "devices.md").read_text("utf-8")
    section = text.partition("\n## A smart host\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def run_command(command: list[str], *, feeding: str | None = None, **variables: str) -> str:
    """Run a command that must succeed; return its output."""
    done = subprocess.run(
        command,
        input=feeding,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": _PATH, **variables},
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
