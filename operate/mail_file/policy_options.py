"""The policy by which `inspect` and `rewrite` decide, without a deployed stack.

Without options it is the policy of a stack with the defaults of `Pulumi.yaml` and all recipients
allowed. `--config` sets any key. The stack's own program reads and checks the configuration, so
the answer is that of a stack deployed with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from relay_core.environment import InvalidSettings
from relay_core.policy.directory import (
    DEFAULT_RECIPIENTS,
    GROUPS,
    Directory,
    directory_problems,
)
from relay_core.settings import Settings

Config = Annotated[
    list[str],
    typer.Option(
        "--config",
        metavar="KEY=VALUE",
        help="Decide as a stack with this key of Pulumi.yaml would: a list with commas, an object"
        " as JSON; repeat for more.",
    ),
]
Marker = Annotated[
    str | None,
    typer.Option(
        metavar="WORD",
        help="The word around a recipient code (recipientMarker). Default: Email_Rxers_Code.",
    ),
]
Allowed = Annotated[
    list[str],
    typer.Option(
        "--allow",
        metavar="PATTERN",
        help="An address or a domain that mail may go to (allowedRecipients); repeat for more."
        " Default: *.",
    ),
]
Groups = Annotated[
    list[str],
    typer.Option(
        "--group",
        metavar="NAME=ADDRESS,…",
        help="A group, written @NAME in a code; its members are addresses and other groups"
        " (@NAME); repeat for more.",
    ),
]
Defaults = Annotated[
    list[str],
    typer.Option(
        "--default",
        metavar="SENDER=ADDRESS,…",
        help="The recipients of a sender's mail without a code (defaultRecipients): addresses and"
        " groups (@NAME). SENDER is an address, a domain, *.example.org for its subdomains, or"
        " *; repeat for more.",
    ),
]

_PROJECT_FOLDER = Path(__file__).resolve().parent.parent.parent
_STACK = "relayctl"
_REGION = "eu-central-1"  # any: the policy does not depend on it
_STAND_INS: Mapping[str, object] = {
    "senderEmail": "relay@relay.invalid",
    "recipientEmail": "devices@relay.invalid",
    "allowedRecipients": ["*"],
}
_OPTIONS = {
    "recipientMarker": "--marker",
    "allowedRecipients": "--allow",
    "recipientGroups": "--group",
    "defaultRecipients": "--default",
}
_KEYS_OF_SETTINGS = {
    "recipient_marker": "recipientMarker",
    "allowed_recipients": "allowedRecipients",
}


def make_policy(
    config: list[str],
    marker: str | None,
    allow: list[str],
    group: list[str],
    default: list[str],
) -> tuple[Settings, Directory]:
    """The policy given by the options.

    Raises:
        BadParameter: naming the option and what is wrong with its value.
    """
    groups = _lists(group, "NAME=ADDRESS,…", "--group")
    defaults = _lists(default, "SENDER=ADDRESS,…", "--default")
    if not config:
        return _settings(marker, allow), _directory(groups, defaults)
    given: dict[str, object] = {
        key: value
        for key, value in (
            ("recipientMarker", marker),
            ("allowedRecipients", allow),
            ("recipientGroups", groups),
            ("defaultRecipients", defaults),
        )
        if value
    }
    return _configured(config, given)


def _configured(config: list[str], given: Mapping[str, object]) -> tuple[Settings, Directory]:
    """The policy of a stack, as its program makes it from the configuration."""
    # Pulumi is slow to import.
    import pulumi  # noqa: PLC0415

    from infra.configuration.problems import InvalidConfig  # noqa: PLC0415
    from infra.configuration.reader import read_config  # noqa: PLC0415
    from infra.configuration.stack_config import (  # noqa: PLC0415
        ConfigError,
        parse_setting,
        put_together,
        read_project,
    )

    try:
        overrides = dict(map(parse_setting, config))
        if twice := [key for key in given if key in overrides]:
            option = _OPTIONS[twice[0]]
            raise typer.BadParameter(f"{twice[0]} is what {option} says", param_hint="--config")
        settings = {**_STAND_INS, **given, "aws:region": _REGION}
        project = read_project(_PROJECT_FOLDER)
        complete = put_together(project, settings, overrides, source="the options")
        pulumi.runtime.set_all_config({key: _text(value) for key, value in complete.items()}, [])
        stack = read_config(pulumi.Config(project["name"]), stack=_STACK)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--config") from None
    except InvalidConfig as error:
        listed = "; ".join(f"{one.field} = {one.value}: {one.rule}" for one in error.problems)
        raise typer.BadParameter(listed, param_hint="--config") from None
    return stack.settings(), stack.directory()


def _text(value: object) -> str:
    """A value as Pulumi passes it to a program."""
    return value if isinstance(value, str) else json.dumps(value)


def _settings(marker: str | None, allow: list[str]) -> Settings:
    options: dict[str, Any] = {} if marker is None else {"recipient_marker": marker}
    try:
        return Settings(
            stack=_STACK,
            sender_address=str(_STAND_INS["senderEmail"]),
            inbound_address=str(_STAND_INS["recipientEmail"]),
            allowed_recipients=tuple(allow or ["*"]),
            **options,
        )
    except InvalidSettings as error:
        listed = "; ".join(f"{one.rule}, found {one.value!r}" for one in error.problems)
        names = [_OPTIONS[_KEYS_OF_SETTINGS[one.field]] for one in error.problems]
        raise typer.BadParameter(listed, param_hint=" and ".join(dict.fromkeys(names))) from None


def _directory(
    groups: Mapping[str, tuple[str, ...]], defaults: Mapping[str, tuple[str, ...]]
) -> Directory:
    directory = Directory(groups=groups, default_recipients=defaults)
    if problems := directory_problems(directory):
        listed = "; ".join(f"{problem.value}: {problem.rule}" for problem in problems)
        parts = {problem.part for problem in problems}
        options = [name for name, part in _OPTIONS_OF_PARTS.items() if part in parts]
        raise typer.BadParameter(listed, param_hint=" and ".join(options))
    return directory


_OPTIONS_OF_PARTS = {"--group": GROUPS, "--default": DEFAULT_RECIPIENTS}


def _lists(options: list[str], form: str, name: str) -> dict[str, tuple[str, ...]]:
    members = {}
    for option in options:
        key, equals, addresses = option.partition("=")
        if not equals:
            raise typer.BadParameter(f"{option!r} is not {form}", param_hint=name)
        if key in members:
            raise typer.BadParameter(f"{key} is there twice", param_hint=name)
        members[key] = tuple(one.strip() for one in addresses.split(","))
    return members
