"""The rights that the commands need are those that are documented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay_core.links.tokens import LinkKeys
from tests.operate.commands.messages import FAILED, download
from tests.operate.deployed import Deployed
from tests.operate.manifests import ANNA, attached, manifest, to


class TestRights:
    """The permissions that docs/relayctl.md lists for an operator are enough."""

    def test_of_each_command(self, deployed: Deployed, tmp_path: Path) -> None:
        def allow(resource: str, *actions: str) -> dict[str, object]:
            return {"Effect": "Allow", "Action": list(actions), "Resource": resource}

        bucket = f"arn:aws:s3:::{deployed.attachments}"
        look = [
            allow(bucket, "s3:ListBucket"),
            allow(f"{bucket}/manifests/*", "s3:GetObject"),
        ]
        show = [*look, allow(f"{bucket}/downloads/*", "s3:GetObject")]
        change = [*look, allow(f"{bucket}/manifests/*", "s3:PutObject")]
        extend = [*change, allow(bucket, "s3:GetLifecycleConfiguration")]
        keys = f"arn:aws:ssm:{deployed.emulator.region}:000000000000:parameter"
        link = [*look, allow(f"{keys}{deployed.keys_parameter}", "ssm:GetParameter")]
        deliver = [
            *change,
            allow(f"arn:aws:s3:::{deployed.incoming}", "s3:ListBucket"),
            allow(deployed.arn_of(deployed.queue), "sqs:SendMessage"),
        ]
        examine = allow(
            deployed.arn_of(deployed.dead_letters),
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:ChangeMessageVisibility",
            # Included in the former on AWS (SQS API, "AddPermission"), but not in the emulator.
            "sqs:ChangeMessageVisibilityBatch",
        )
        send = allow(deployed.arn_of(deployed.queue), "sqs:SendMessage")
        delete = allow(deployed.arn_of(deployed.dead_letters), "sqs:DeleteMessage")
        deployed.store_files(
            manifest(
                "m1",
                to(ANNA, FAILED, "no"),
                created_at=datetime.now(UTC),
                attachments=(attached("a.jpg"),),
            )
        )
        deployed.keep_for(14)
        deployed.store_keys(LinkKeys(current=bytes(32)))
        deployed.store_download(download(ANNA, 1, "a.jpg"))
        deployed.fail(deployed.notification("incoming/m1"), "x")
        commands: list[tuple[list[dict[str, object]], str]] = [
            (show, "show m1"),
            (link, f"link m1 --recipient {ANNA}"),
            (change, "revoke m1 --attachment 1 --yes"),
            (change, "revoke m1 --attachment 1 --undo --yes"),
            (extend, "extend m1 --hours 1 --yes"),
            (look, "list"),
            ([*look, examine], "dlq list"),
            (deliver, "redeliver m1 --yes"),
            (deliver, "replay m1 --yes"),
            ([examine, delete], "dlq drop m1 --yes"),
            ([examine, send, delete], "dlq redrive --all --yes"),
        ]
        for rights, command in commands:
            answer = deployed.as_user(rights, tmp_path).relayctl(*command.split())
            assert 0 == answer.status, (command, answer.stderr)
        assert [] == deployed.visible(deployed.dead_letters)

    @pytest.mark.parametrize("missing", range(4))
    def test_without_one_of_them_nothing_is_done(
        self, deployed: Deployed, tmp_path: Path, missing: int
    ) -> None:
        bucket = f"arn:aws:s3:::{deployed.attachments}"
        rights = [
            ("s3:ListBucket", bucket),
            ("s3:GetObject", f"{bucket}/manifests/*"),
            ("s3:PutObject", f"{bucket}/manifests/*"),
            ("s3:GetLifecycleConfiguration", bucket),
        ]
        del rights[missing]
        message = manifest(
            "m1", to(ANNA), created_at=datetime.now(UTC), attachments=(attached("a.jpg"),)
        )
        deployed.store_files(message)
        user = deployed.as_user(
            [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights], tmp_path
        )
        for command in ("extend m1 --hours 1 --yes", "revoke m1 --yes")[
            : 1 if missing == 3 else 2
        ]:
            answer = user.relayctl(*command.split())
            assert 1 == answer.status, command
            assert "the rights that docs/relayctl.md lists" in answer.stderr, command
            assert message == deployed.manifest("m1")
