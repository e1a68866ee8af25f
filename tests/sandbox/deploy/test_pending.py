"""Pending operations of a killed `up`, and which of their resources may exist."""

from __future__ import annotations

from sandbox.engine.state import Pending, pending_resources


def _pending(operation: str, type_: str, *, custom: bool) -> dict[str, object]:
    resource = {
        "urn": f"urn:pulumi:dev::mail-relay::{type_}::mail-relay-dev-incoming",
        "type": type_,
        "custom": custom,
        "inputs": {"bucket": "one"} if custom else {},
    }
    return {"type": operation, "resource": resource}


def test_only_what_was_being_made_in_the_account_may_be_there() -> None:
    bucket = "aws:s3/bucket:Bucket"
    state = [
        _pending("creating", bucket, custom=True),
        # The engine records components too; they are not in the account.
        _pending("creating", "mail-relay:storage:PrivateBucket", custom=False),
        _pending("updating", bucket, custom=True),
    ]
    assert pending_resources(state) == (
        Pending(type=bucket, name="mail-relay-dev-incoming", inputs={"bucket": "one"}),
    )
