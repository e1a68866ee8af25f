"""`make preview`: the plan of Pulumi's engine for an empty account on the emulator.

With a complete installation of Pulumi, the real engine and the real AWS provider run. The engine
checks URNs, options and types, the provider its own schemas and lookups. The endpoints are an
emulator on this machine. No AWS account is called, and the caller's credentials are not passed on.
With only the CLI (`make engine`), which has no language host, the program runs in this process,
with the sandbox's own provider (`sandbox.engine`).

The engine needs a project folder that it can write. It gets a temporary one, with links to this
one's files, a separate stack, a backend in a folder, and a random passphrase. All of it is removed
afterwards (Pulumi docs, "DIY backends", "Environment variables").
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.configuration.stack_config import ConfigError, load_config

from .deploy.account import prepare_account
from .engine.folder import LANGUAGE_HOST, PROJECT, lay_out_project, provider_config

if TYPE_CHECKING:
    from .emulator.running import Emulator

STACK = "preview"


NOT_FOUND = (
    "preview: no fitting Pulumi CLI. `make engine` builds one, with Go; or install it"
    " as its site says (pulumi.com/docs/iac/download-install). Then run `make preview` again."
    " Without it, `make demo` deploys the same program onto the sandbox.\n"
)


def main() -> int:
    """Run the preview; return the exit status: pulumi's, or 1 if pulumi was not run."""
    from .engine.cli import NoEngine, find_pulumi  # noqa: PLC0415 (slow, and not always needed)

    installed = shutil.which("pulumi") if shutil.which(LANGUAGE_HOST) else None
    if installed is None:
        try:
            find_pulumi()
        except NoEngine:
            sys.stderr.write(NOT_FOUND)
            return 1
    from .deploy.program import DeployError  # noqa: PLC0415 (as above)
    from .emulator.running import Emulator, EmulatorError  # noqa: PLC0415 (as above)

    with tempfile.TemporaryDirectory(prefix="mail-relay-preview-") as name:
        folder = Path(name)
        try:
            config = load_config(PROJECT)
            region = str(config["aws:region"])
            with Emulator.start(folder, worker_environment={}, region=region) as emulator:
                prepare_account(
                    ses=emulator.client("ses"), sesv2=emulator.client("sesv2"), config=config
                )
                if installed is None:
                    return _preview_inline(emulator, config, folder)
                project = lay_out_project(
                    folder / "project",
                    {**config, **provider_config(emulator, emulator.secret_access_key)},
                    stack=STACK,
                )
                return _preview(installed, project, folder / "state")
        except (ConfigError, DeployError, EmulatorError, OSError) as error:
            sys.stderr.write(f"preview: {error}\n")
            return 1


def _preview_inline(account: Emulator, config: Mapping[str, object], folder: Path) -> int:
    from .engine.stack import running  # noqa: PLC0415 (slow, and not always needed)

    with running(account, folder / "engine") as engine:
        outcome = engine.stack(STACK, config).preview()
    for text in outcome.warnings:
        sys.stdout.write(f"warning: {text}\n")
    for step in sorted(outcome.steps, key=lambda one: (one.operation, one.type, one.name)):
        sys.stdout.write(f"{step.operation:8} {step.type:75} {step.name}\n")
    counts = ", ".join(f"{count} to {name}" for name, count in sorted(outcome.counts.items()))
    sys.stdout.write(f"{counts}; {outcome.seconds:.1f} s\n")
    return 0


def pulumi_environment(caller: Mapping[str, str], state: Path) -> dict[str, str]:
    """The caller's environment without variables that select an account or a backend."""
    kept = {name: value for name, value in caller.items() if not name.startswith("AWS_")}
    return {
        **{name: value for name, value in kept.items() if name != "PULUMI_ACCESS_TOKEN"},
        "AWS_EC2_METADATA_DISABLED": "true",
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(24),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _preview(pulumi: str, project: Path, state: Path) -> int:
    state.mkdir()
    settings: dict[str, Any] = {"cwd": project, "env": pulumi_environment(os.environ, state)}
    commands = (
        ("stack", "init", STACK, "--secrets-provider", "passphrase", "--non-interactive"),
        ("preview", "--stack", STACK, "--non-interactive"),
    )
    for command in commands:
        status = subprocess.run([pulumi, *command], check=False, **settings).returncode
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
