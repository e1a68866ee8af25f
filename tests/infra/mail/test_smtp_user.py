"""Devices get SMTP credentials with one permission, which are not shown anywhere."""

from __future__ import annotations

import json

from sandbox.ses.iam import Request, is_allowed
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

USER, POLICY = "aws:iam/user:User", "aws:iam/userPolicy:UserPolicy"
KEY, PARAMETER = "aws:iam/accessKey:AccessKey", "aws:ssm/parameter:Parameter"


def test_all_they_can_do_is_send_to_the_inbound_address(dev: Deployment) -> None:
    (statement,) = dev.one(POLICY).document("policy")["Statement"]
    assert statement == {
        "Sid": "SendToRelay",
        "Effect": "Allow",
        "Action": ["ses:SendRawEmail"],
        "Resource": [
            # Any identity that the sender may belong to, and any default set of an identity.
            f"arn:aws:ses:eu-central-1:{ACCOUNT}:identity/*",
            f"arn:aws:ses:eu-central-1:{ACCOUNT}:configuration-set/*",
        ],
        "Condition": {
            "ForAllValues:StringLike": {
                "ses:Recipients": [
                    "devices-7f3k9@in.example.com",
                    "devices-7f3k9+*@in.example.com",
                ]
            },
            "Null": {"ses:Recipients": "false"},
        },
    }


def test_previous_addresses_and_labels_are_recipients_and_nothing_near_them_is(
    deploy: Deploy,
) -> None:
    stack = deploy(previousRecipientEmails=["o*d?$@old.example.com", "x+y@in.example.com"])
    policy = stack.one(POLICY).document("policy")

    def may_send(*recipients: str) -> bool:
        request = Request(
            action="ses:SendRawEmail",
            resource=f"arn:aws:ses:eu-central-1:{ACCOUNT}:identity/mail.example.com",
            context={"ses:Recipients": recipients},
        )
        return is_allowed(request, [policy])

    current = "devices-7f3k9@in.example.com"
    assert may_send(current)
    assert may_send("devices-7f3k9+boiler7@in.example.com", "o*d?$@old.example.com")
    assert may_send("o*d?$+a+b@old.example.com")
    assert may_send("x+y@in.example.com")
    for other in (
        *(
            "old@old.example.com",
            "o*dx$@old.example.com",
            "x+z@in.example.com",
            "x@in.example.com",
        ),
        *("devices-7f3k9x@in.example.com", "devices-7f3k9+x@in.example.com.evil.example"),
    ):
        assert not may_send(current, other)


def test_they_are_stored_as_one_secret_parameter(dev: Deployment) -> None:
    parameter = dev.one(PARAMETER, "devices")
    assert parameter.inputs["type"] == "SecureString"
    assert parameter.inputs["name"] == "/mail-relay/dev/smtp-credentials"
    assert json.loads(parameter.inputs["value"]) == {
        "username": "mail-relay-dev-devices-1-id",
        "password": "derived-password",
    }
    assert "value" in parameter.secret_inputs


def test_the_outputs_tell_where_they_are_and_not_what_they_are(dev: Deployment) -> None:
    assert dev.exports["smtpCredentialsParameter"] == "/mail-relay/dev/smtp-credentials"
    assert dev.exports["smtpEndpoint"] == "email-smtp.eu-central-1.amazonaws.com:587"
    assert "derived-password" not in str(dev.exports)


def test_rotating_keeps_the_old_credentials_and_exports_the_new_ones(deploy: Deploy) -> None:
    def keys(stack: Deployment) -> dict[str, str]:
        return {one.name: one.inputs["user"] for one in stack.all(KEY)}

    before, after = (deploy(smtpCredentialsVersion=version) for version in (3, 4))
    assert keys(before) == {
        f"mail-relay-dev-devices-{n}": f"mail-relay-dev-devices-{n}" for n in (2, 3)
    }
    kept = keys(before).items() & keys(after).items()
    assert kept == {("mail-relay-dev-devices-3", "mail-relay-dev-devices-3")}
    value = json.loads(after.one(PARAMETER, "devices").inputs["value"])
    assert value["username"] == "mail-relay-dev-devices-4-id"


def test_a_user_never_has_more_keys_than_iam_allows(deploy: Deploy) -> None:
    # Pulumi creates before it deletes: during a rotation, the keys of both versions exist.
    users = [
        one.inputs["user"]
        for one in {
            key.urn: key for n in (2, 3) for key in deploy(smtpCredentialsVersion=n).all(KEY)
        }.values()
    ]
    assert len(users) == 3
    assert all(users.count(user) <= 2 for user in users)


def test_credentials_have_their_rights_before_anybody_reads_them(dev: Deployment) -> None:
    assert dev.one(POLICY).urn in dev.one(PARAMETER, "devices").dependencies


def test_there_are_none_if_so_configured(deploy: Deploy) -> None:
    stack = deploy(createSmtpUser=False)
    assert [stack.all(type_) for type_ in (USER, POLICY, KEY)] == [(), (), ()]
    assert not [one for one in stack.all(PARAMETER) if "devices" in one.name]
    assert stack.exports["smtpCredentialsParameter"] == ""


def test_a_key_that_was_added_by_hand_does_not_keep_a_user(dev: Deployment) -> None:
    assert {one.inputs["forceDestroy"] for one in dev.all(USER)} == {True}


# --- Users by name ------------------------------------------------------------------------------


def test_a_user_by_name_has_credentials_of_its_own_and_the_same_rights(deploy: Deploy) -> None:
    stack = deploy(smtpUsers=["hall-3", "gate"])
    assert stack.exports["smtpUserParameters"] == {
        "hall-3": "/mail-relay/dev/smtp-credentials/hall-3",
        "gate": "/mail-relay/dev/smtp-credentials/gate",
    }
    parameters = [one for one in stack.all(PARAMETER) if "devices" in one.name]
    assert len({one.inputs["value"] for one in parameters}) == 3
    assert {one.inputs["type"] for one in parameters} == {"SecureString"}
    assert all("value" in one.secret_inputs for one in parameters)
    assert len({one.inputs["policy"] for one in stack.all(POLICY)}) == 1
    assert len({one.inputs["user"] for one in stack.all(POLICY)}) == 3


def test_one_user_is_rotated_and_removed_without_touching_another(deploy: Deploy) -> None:
    def keys(*entries: str) -> set[str]:
        return {one.name for one in deploy(smtpUsers=list(entries)).all(KEY)}

    shared, hall = "mail-relay-dev-devices-1", "mail-relay-dev-devices-hall-1"
    gate = "mail-relay-dev-devices-gate"
    assert keys("hall", "gate") == {shared, hall, f"{gate}-1"}
    assert keys("hall", "gate:2") == {shared, hall, f"{gate}-1", f"{gate}-2"}
    # A version raised by two at once: no key that was in use stays valid.
    assert keys("hall", "gate:3") == {shared, hall, f"{gate}-2", f"{gate}-3"}
    assert keys("hall") == {shared, hall}


def test_there_can_be_users_by_name_alone(deploy: Deploy) -> None:
    stack = deploy(createSmtpUser=False, smtpUsers=["hall"])
    assert stack.exports["smtpCredentialsParameter"] == ""
    assert [one.name for one in stack.all(KEY)] == ["mail-relay-dev-devices-hall-1"]
