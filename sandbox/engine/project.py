"""A folder in which `pulumi` deploys this project as its users do, but to an emulator.

Unlike in `stack`, only the AWS provider runs in this process. The CLI starts the program in a
separate process, and also the program's dynamic provider (`infra.activation`), as a plugin from
Pulumi's Python SDK. An installed Pulumi contains the programs that start both. A built CLI (`make
engine`) has Pulumi's own files for the program and the plugin beside it, and `language_host`
replaces the program that starts the first.
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .cli import NoEngine, find_pulumi
from .folder import LANGUAGE_HOST, PROJECT, lay_out_project
from .provider import Provider, serving

if TYPE_CHECKING:
    from sandbox.emulator.running import Emulator

EXECUTOR = "pulumi-language-python-exec"
DYNAMIC_PROVIDER = "pulumi-resource-pulumi-python"
_PROFILE = "emulator"
_FOREIGN = ("AWS_", "PULUMI_")
"""Prefixes of variables of the caller that could select another account or backend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The folder, and the environment that `pulumi` needs there.

    `programs` are folders that precede the caller's on PATH, `variables` the rest.
    """

    folder: Path
    programs: tuple[Path, ...]
    variables: Mapping[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` with these arguments; `stdout` has its output, including errors."""
        kept = {key: val for key, val in os.environ.items() if not key.startswith(_FOREIGN)}
        return subprocess.run(
            ["pulumi", "--non-interactive", *words],
            cwd=self.folder,
            env={
                **kept,
                **self.variables,
                "PATH": os.pathsep.join((*map(str, self.programs), os.environ["PATH"])),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@contextmanager
def project_on(
    account: Emulator, folder: Path, config: Mapping[str, object], *, stack: str
) -> Iterator[Project]:
    """The project with one stack, configured but not deployed; all of it in `folder`.

    Raises:
        NoEngine: if there is no fitting CLI, or no program that runs Python for it.
    """
    pulumi = find_pulumi()
    _lay_out_programs(pulumi, folder / "bin")
    with serving(Provider(account, PROJECT)) as port:
        project = Project(
            folder=lay_out_project(folder / "project", config, stack=stack),
            programs=(folder / "bin", pulumi.parent),
            variables={
                **_profile(account, folder / "aws-config"),
                "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(24),
                "PULUMI_DEBUG_PROVIDERS": f"aws:{port},random:{port}",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
        )
        for name in ("state", "home"):
            (folder / name).mkdir()
        made = project.run("stack", "init", stack, "--secrets-provider", "passphrase")
        if made.returncode:
            raise NoEngine(f"{pulumi} stack init: {made.stdout}")
        yield project


def _profile(account: Emulator, file: Path) -> Mapping[str, str]:
    """Write a profile for the emulator; return the variables that select it."""
    settings = {
        "region": account.region,
        "endpoint_url": account.endpoint,
        "aws_access_key_id": account.access_key_id,
        "aws_secret_access_key": account.secret_access_key,
    }
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    file.write_text(f"[profile {_PROFILE}]\n{lines}")
    return {
        "AWS_PROFILE": _PROFILE,
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _lay_out_programs(pulumi: Path, folder: Path) -> None:
    """Create a folder with the programs that the CLI needs to run Python."""
    folder.mkdir()
    beside = pulumi.resolve().parent
    if (beside / LANGUAGE_HOST).exists():
        return
    for name in (EXECUTOR, DYNAMIC_PROVIDER):
        if not (beside / name).exists():
            raise NoEngine(f"{pulumi.resolve()} has no {name} beside it; run `make engine`")
    command = [sys.executable, "-m", "sandbox.engine.language_host", str(beside / EXECUTOR)]
    launcher = folder / LANGUAGE_HOST
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    launcher.chmod(0o755)
