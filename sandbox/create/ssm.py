"""Systems Manager: parameters."""

from __future__ import annotations

from typing import Any

from .declared import Account, Created, Creator, Declared


def parameter(declared: Declared, account: Account) -> Created:
    """`aws.ssm.Parameter`."""
    name, ssm = declared.physical_name(), account.client("ssm")
    overwrite, tags = bool(declared.get("overwrite")), declared.tag_list()
    made = ssm.put_parameter(
        **parameter_of(declared) | {"Name": name},
        **({"Overwrite": True} if overwrite else {"Tags": tags}),
    )
    if overwrite:  # SSM accepts only one of the two in a call
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
    arn = f"arn:aws:ssm:{account.region}:{account.account_id}:parameter/{name.lstrip('/')}"
    return Created(name, {"name": name, "arn": arn, "version": made["Version"]})


def parameter_of(declared: Declared) -> dict[str, Any]:
    """The declared inputs for Parameter Store, without the tags."""
    return {
        "Name": declared.get("name"),
        "Type": declared.require("type"),
        "Value": declared.get("insecureValue") or declared.require("value"),
        **declared.renamed(
            {
                "allowedPattern": "AllowedPattern",
                "dataType": "DataType",
                "description": "Description",
                "keyId": "KeyId",
                "tier": "Tier",
            }
        ),
    }


CREATORS: dict[str, Creator] = {"aws:ssm/parameter:Parameter": parameter}
