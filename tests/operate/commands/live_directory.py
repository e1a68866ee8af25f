"""The parameter of the recipient directory, as tests write and read it."""

from __future__ import annotations

from tests.operate.deployed import Deployed

BEFORE = '{\n "groups": {\n  "oncall": [\n   "anna@example.org"\n  ]\n }\n}'
AFTER = BEFORE.replace("anna", "ben")


def name_of(deployed: Deployed) -> str:
    return str(deployed.outputs["directoryParameter"])


def write(deployed: Deployed, document: str = BEFORE) -> None:
    deployed.emulator.client("ssm").put_parameter(
        Name=name_of(deployed), Value=document, Type="String", Overwrite=True
    )


def live(deployed: Deployed) -> tuple[int, str]:
    found = deployed.emulator.client("ssm").get_parameter(Name=name_of(deployed))["Parameter"]
    return found["Version"], found["Value"]
