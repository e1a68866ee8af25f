"""The two deployers of the program: Pulumi's mocks in this process, or Pulumi's engine.

The mocks need only Python. The engine keeps a state, so its deployment can be changed and
destroyed, and needs Pulumi's CLI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from .emulator.running import Emulator
    from .engine.stack import Stack

Deployer = Literal["mocks", "engine"]
DEPLOYERS: tuple[Deployer, ...] = get_args(Deployer)
STACK = "sandbox"
"""The name of the deployed stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The stack's exports; and the stack, if the deployer can change it."""

    exports: Mapping[str, object]
    stack: Stack | None


@contextmanager
def deployed(
    deployer: Deployer,
    account: Emulator,
    config: Mapping[str, object],
    *,
    program: Path,
    folder: Path,
    warn: Callable[[str], None],
) -> Iterator[Deployed]:
    """The program, deployed on an empty account; its stack is usable while the context lasts.

    The engine's files are in `folder`. `warn` is called with the program's warnings.

    Raises:
        DeployError: on the first failure.
        NoEngine: if the engine is wanted and there is no fitting CLI.
    """
    # Importing Pulumi takes long, and the engine is not always needed.
    if deployer == "mocks":
        from .deploy.mocked import deploy  # noqa: PLC0415 (see above)

        yield Deployed(
            exports=deploy(account, config, program=program, stack=STACK, warn=warn), stack=None
        )
        return
    from .engine.stack import running  # noqa: PLC0415 (see above)

    with running(account, folder, program=program) as engine:
        stack = engine.stack(STACK, config, program=program)
        for text in stack.up().warnings:
            warn(text)
        yield Deployed(exports=stack.exports(), stack=stack)
