"""`python -m tests.compare REV [FOLDER…]`: compare all outputs with those of a revision.

For changes without any effect on outputs. It collects from both trees, in a process each,

* the output of `relayctl inspect --json` and `relayctl rewrite` for each mail of the corpus, and
  each mail in the folders;
* the resources that the program registers, and its exports, for both example stacks;
* the content of the functions' archive beside our own modules, and whether Lambda can import the
  handlers from it.

It prints the names of answers that differ, with the first differing lines, and exits with 1 then.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import inspect
import json
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHOWN = 12
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OURS = ("relay_core/", "adapters/")


class _Clock(datetime):
    """Always returns the same time, so that times are equal in both trees."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # its own class is not needed
        """`NOW`."""
        return NOW.astimezone(tz)


def main() -> int:
    """Compare, and say how much was the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare", description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("folders", nargs="*", type=Path, help="more mails, as *.eml")
    given = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    mails = [root / "tests" / "corpus", *(one.resolve() for one in given.folders)]
    with tempfile.TemporaryDirectory() as folder:
        before, then, now = (Path(folder) / one for one in ("tree", "then", "now"))
        git = ["git", "-C", str(root), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(before), given.revision], check=True)
        try:
            (before / "build").symlink_to(root / "build")
            for tree, answers in ((before, then), (root, now)):
                ask = [sys.executable, "-P", __file__, "--answer", str(answers)]
                subprocess.run(
                    [*ask, *map(str, mails)], cwd=tree, env={"PYTHONPATH": str(tree)}, check=True
                )
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
        return _compare(then, now)


def _compare(then: Path, now: Path) -> int:
    names = sorted(
        {
            str(path.relative_to(at))
            for at in (then, now)
            for path in at.rglob("*")
            if path.is_file()
        }
    )
    different = 0
    for name in names:
        old, new = (at / name for at in (then, now))
        texts: list[list[str]] = [
            at.read_bytes().decode("utf-8", "replace").splitlines() if at.exists() else []
            for at in (old, new)
        ]
        if old.exists() and new.exists() and old.read_bytes() == new.read_bytes():
            continue
        different += 1
        lines = list(difflib.unified_diff(texts[0], texts[1], lineterm=""))[2:SHOWN]
        _say(f"{name} differs:", *lines)
    _say(f"{len(names)} answers, {different} differ")
    return 1 if different else 0


def _say(first: str, *more: str) -> None:
    sys.stdout.write("\n  ".join((first, *more)) + "\n")


def _answer(out: Path, folders: list[Path]) -> None:
    """Write every output of the imported tree, a file each."""
    for folder in folders:
        for mail in sorted(folder.rglob("*.eml")):
            place = f"{folder.name}/{mail.relative_to(folder)}"
            _write(out / "inspect" / place, _relayctl(["inspect", "--json", str(mail)]))
            sent = ["rewrite", "--recipient", "userx@example.org", str(mail)]
            _write(out / "rewrite" / place, _relayctl(sent))
    for stack, config in _example_stacks().items():
        _write(out / f"resources-{stack}", _registered(stack, config))
    _write(out / "archive", _archive())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _relayctl(arguments: list[str]) -> bytes:
    import typer  # noqa: PLC0415 - imports from the tree to be compared, like all below
    from typer.testing import CliRunner  # noqa: PLC0415

    from operate.cli import app  # noqa: PLC0415

    command: Any = typer.main.get_command(app)
    rewrite = inspect.unwrap(command.commands["rewrite"].callback)
    rewrite.__globals__["datetime"] = _Clock
    result = CliRunner().invoke(app, arguments)
    return b"\n".join((str(result.exit_code).encode(), result.stdout_bytes, result.stderr_bytes))


def _example_stacks() -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415

    return {
        stack: yaml.safe_load(Path(file).read_text("utf-8"))["config"]
        for stack, file in (("dev", "Pulumi.dev.yaml"), ("prod", "Pulumi.prod.yaml.example"))
    }


def _registered(stack: str, config: dict[str, Any]) -> bytes:
    from tests.infra.program import run_program  # noqa: PLC0415

    deployment = run_program(config, stack=stack)
    resources = sorted(deployment.resources, key=lambda one: one.urn)
    return _text(
        {
            "resources": [dataclasses.asdict(one) for one in resources],
            "exports": dict(deployment.exports),
            "warnings": deployment.warnings,
        }
    )


def _archive() -> bytes:
    archive = Path("build", "relay-function.zip").resolve()
    handlers = [f"adapters.{one}.handler" for one in ("relay_function", "download_function")]
    with zipfile.ZipFile(archive) as content, tempfile.TemporaryDirectory() as folder:
        names = sorted(content.namelist())
        content.extractall(folder)
        python = [sys.executable, "-I", "-S", "-c", _IMPORT, folder]
        imported = [
            subprocess.run([*python, one], capture_output=True, text=True, check=False).stdout
            for one in handlers
        ]
    return _text({"others": [one for one in names if not one.startswith(OURS)], "can": imported})


_IMPORT = """
import sys, importlib
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
loaded = importlib.import_module(module)
assert loaded.__file__.startswith(sys.argv[1])
print(sys.argv[2], callable(getattr(loaded, name)))
"""


def _text(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, default=_jsonable).encode()


def _jsonable(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    # An asset's path depends on the tree, so only its class is compared.
    return type(value).__name__


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        _answer(Path(sys.argv[2]), [Path(one) for one in sys.argv[3:]])
    else:
        sys.exit(main())
