"""Systems Manager: parameters."""

from __future__ import annotations

from .declared import Account, Created, Creator, Declared


def parameter(declared: Declared, account: Account) -> Created:
    """`aws.ssm.Parameter`."""
    name = declared.physical_name()
    made = account.client("ssm").put_parameter(
        Name=name,
        Type=declared.require("type"),
        Value=declared.get("insecureValue") or declared.require("value"),
        Tags=declared.tag_list(),
        **declared.renamed(
            {
                "allowedPattern": "AllowedPattern",
                "dataType": "DataType",
                "description": "Description",
                "keyId": "KeyId",
                "tier": "Tier",
            }
        ),
    )
    arn = f"arn:aws:ssm:{account.region}:{account.account_id}:parameter/{name.lstrip('/')}"
    return Created(name, {"name": name, "arn": arn, "version": made["Version"]})


CREATORS: dict[str, Creator] = {"aws:ssm/parameter:Parameter": parameter}
