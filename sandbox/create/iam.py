"""IAM: roles, users, their inline policies, and access keys."""

from __future__ import annotations

import base64
import hashlib
import hmac

from .declared import Account, Created, Creator, Declared


def role(declared: Declared, account: Account) -> Created:
    """`aws.iam.Role`."""
    name = declared.physical_name()
    made = account.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=declared.require("assumeRolePolicy"),
        Tags=declared.tag_list(),
        **declared.renamed(
            {
                "description": "Description",
                "maxSessionDuration": "MaxSessionDuration",
                "path": "Path",
                "permissionsBoundary": "PermissionsBoundary",
            }
        ),
    )["Role"]
    return Created(name, {"name": name, "arn": made["Arn"], "uniqueId": made["RoleId"]})


def role_policy(declared: Declared, account: Account) -> Created:
    """`aws.iam.RolePolicy`."""
    name, owner = declared.physical_name(), declared.require("role")
    account.client("iam").put_role_policy(
        RoleName=owner, PolicyName=name, PolicyDocument=declared.require("policy")
    )
    return Created(f"{owner}:{name}", {"name": name})


def user(declared: Declared, account: Account) -> Created:
    """`aws.iam.User`."""
    name = declared.physical_name()
    made = account.client("iam").create_user(
        UserName=name,
        Tags=declared.tag_list(),
        **declared.renamed({"path": "Path", "permissionsBoundary": "PermissionsBoundary"}),
    )["User"]
    declared.leave_out("forceDestroy", because="it acts when a stack is destroyed")
    return Created(name, {"name": name, "arn": made["Arn"], "uniqueId": made["UserId"]})


def user_policy(declared: Declared, account: Account) -> Created:
    """`aws.iam.UserPolicy`."""
    name, owner = declared.physical_name(), declared.require("user")
    account.client("iam").put_user_policy(
        UserName=owner, PolicyName=name, PolicyDocument=declared.require("policy")
    )
    return Created(f"{owner}:{name}", {"name": name})


def access_key(declared: Declared, account: Account) -> Created:
    """`aws.iam.AccessKey`, with the SMTP password that pulumi-aws derives from it."""
    iam, owner = account.client("iam"), declared.require("user")
    made = iam.create_access_key(UserName=owner)["AccessKey"]
    if status := declared.get("status"):
        iam.update_access_key(UserName=owner, AccessKeyId=made["AccessKeyId"], Status=status)
    password = smtp_password(made["SecretAccessKey"], account.region)
    if status != "Inactive":
        account.smtp_passwords[made["AccessKeyId"]] = password
    return Created(
        made["AccessKeyId"],
        {
            "secret": made["SecretAccessKey"],
            "sesSmtpPasswordV4": password,
            "status": status or "Active",
            "createDate": made["CreateDate"].isoformat(),
        },
    )


def smtp_password(secret_access_key: str, region: str) -> str:
    """The password of SES's SMTP interface that belongs to a secret access key.

    Amazon SES Developer Guide, "Obtaining your SES SMTP credentials by converting existing
    AWS credentials": a Signature Version 4 key for a fixed date, behind a version byte.
    """
    signature = f"AWS4{secret_access_key}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, part.encode(), hashlib.sha256)
    return base64.b64encode(b"\x04" + signature).decode("ascii")


CREATORS: dict[str, Creator] = {
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/user:User": user,
    "aws:iam/userPolicy:UserPolicy": user_policy,
    "aws:iam/accessKey:AccessKey": access_key,
}
