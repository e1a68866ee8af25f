"""A stack that holds mail is destroyed by the commands of `docs/operating.md`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.deploy.program import DeployError
from sandbox.engine.stack import Stack
from tests.sandbox.inventory import inventory

if TYPE_CHECKING:
    from tests.sandbox.stack_lifecycle import Lifecycle

ROOT = Path(__file__).resolve().parents[2]
_COMMAND = re.compile(r"`((?:pulumi|relayctl) [^`]+)`")

UNPROTECT = "pulumi config set protect false && pulumi up"
DESTROY = "pulumi destroy"
EMPTY = "relayctl empty"


def documented_commands() -> list[str]:
    """The commands of the numbered steps under "Destroying a stack", in their order."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    section = text.partition("### Destroying a stack\n")[2].partition("\n### ")[0]
    steps = re.split(r"^\d\. ", section.partition("\nWith `forceDestroy`")[0], flags=re.MULTILINE)
    return [found[1] for step in steps[1:] if (found := _COMMAND.search(step))]


def run_destroy(lifecycle: Lifecycle, stack: Stack, config: dict[str, object]) -> None:
    """Protect the stack, fill its buckets, and destroy it by the document."""
    stack.configure({**config, "mail-relay:forceDestroy": False, "mail-relay:protect": True})
    lifecycle.step("up: protect=True, forceDestroy=False", stack.up)
    exports = stack.exports()
    s3 = lifecycle.account.client("s3")
    for bucket, key in (
        (exports["incomingBucket"], "incoming/AMAZON_SES_SETUP_NOTIFICATION"),
        (exports["incomingBucket"], "suppression/addresses.json"),
        (exports["incomingBucket"], "address-use/weeks.json"),
        (exports["attachmentsBucket"], "attachments/one/file.bin"),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=b"content")
    kept, whole = _identities(lifecycle), inventory(lifecycle.account)
    _refused(lifecycle, f"{DESTROY} of what is protected", stack.preview_destroy, "is protected")
    lifecycle.same_account("a refused destroy changes nothing", whole)

    def unprotect() -> None:
        stack.configure({**config, "mail-relay:forceDestroy": False})
        lifecycle.step(UNPROTECT, stack.up)

    def stopped_at_a_bucket() -> None:
        _refused(
            lifecycle, f"{DESTROY}, with mail in the buckets", stack.destroy, "BucketNotEmpty"
        )
        left = inventory(lifecycle.account)
        rules = [line for line in left if f"-{stack.name}-incoming of " in line]
        lifecycle.require("no mail comes in any more", holds=not rules, found=rules)
        lifecycle.require("the identities are there", holds=_identities(lifecycle) == kept)

    walk: list[tuple[str, Callable[[], object]]] = [
        (UNPROTECT, unprotect),
        (DESTROY, stopped_at_a_bucket),
        (EMPTY, lambda: _empty(lifecycle, stack)),
        (DESTROY, lambda: lifecycle.step(f"{DESTROY}, with nothing in them", stack.destroy)),
    ]
    found = documented_commands()
    lifecycle.require(
        "the document says so", holds=found == [command for command, _ in walk], found=found
    )
    for _, do in walk:
        do()


def _refused(lifecycle: Lifecycle, name: str, operation: Callable[[], object], word: str) -> None:
    message = ""
    try:
        operation()
    except DeployError as error:
        message = str(error)
    lifecycle.say(f"{name:48} refused: {message[:60]}…")
    lifecycle.require(f"{name} is refused", holds=word in message, found=message)


def _identities(lifecycle: Lifecycle) -> frozenset[str]:
    return frozenset(one for one in inventory(lifecycle.account) if one.startswith("identity "))


def _empty(lifecycle: Lifecycle, stack: Stack) -> None:
    """Run the command line, with the outputs that the partly destroyed stack still has."""
    account = lifecycle.account
    ready = {
        "aws": {
            "endpoint": account.endpoint,
            "region": account.region,
            "access_key_id": account.access_key_id,
            "secret_access_key": account.secret_access_key,
        },
        "stack": stack.exports(),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ready.json")
        file.write_text(json.dumps(ready), "utf-8")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "operate", "empty", "--yes", "--ready-file", str(file)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    lifecycle.say(f"{EMPTY:48} {done.stdout.strip()}")
    lifecycle.require(
        EMPTY, holds=done.returncode == 0 and "4 objects deleted" in done.stdout, found=done.stderr
    )
