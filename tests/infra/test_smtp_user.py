"""Devices get SMTP credentials that can do one thing, and that nobody reads in passing."""

from __future__ import annotations

import json

from tests.infra.conftest import Deploy
from tests.infra.program import ACCOUNT, Deployment

USER, POLICY = "aws:iam/user:User", "aws:iam/userPolicy:UserPolicy"
KEY, PARAMETER = "aws:iam/accessKey:AccessKey", "aws:ssm/parameter:Parameter"


def test_all_they_can_do_is_send_to_the_inbound_address_from_our_domains(dev: Deployment) -> None:
    (statement,) = dev.one(POLICY).document("policy")["Statement"]
    assert statement == {
        "Sid": "SendToRelay",
        "Effect": "Allow",
        "Action": ["ses:SendRawEmail"],
        "Resource": [
            f"arn:aws:ses:eu-central-1:{ACCOUNT}:identity/mail.example.com",
            f"arn:aws:ses:eu-central-1:{ACCOUNT}:identity/in.example.com",
        ],
        "Condition": {
            "ForAllValues:StringEquals": {"ses:Recipients": ["devices-7f3k9@in.example.com"]},
            "Null": {"ses:Recipients": "false"},
        },
    }


def test_they_are_stored_as_one_secret_parameter(dev: Deployment) -> None:
    parameter = dev.one(PARAMETER, "devices")
    assert parameter.inputs["type"] == "SecureString"
    assert parameter.inputs["name"] == "/mail-relay/dev/smtp-credentials"
    assert json.loads(parameter.inputs["value"]) == {
        "username": "mail-relay-dev-devices-id",
        "password": "derived-password",
    }
    assert "value" in parameter.secret_inputs


def test_the_outputs_tell_where_they_are_and_not_what_they_are(dev: Deployment) -> None:
    assert dev.exports["smtpCredentialsParameter"] == "/mail-relay/dev/smtp-credentials"
    assert dev.exports["smtpEndpoint"] == "email-smtp.eu-central-1.amazonaws.com:587"
    assert "derived-password" not in str(dev.exports)


def test_there_are_none_if_so_configured(deploy: Deploy) -> None:
    stack = deploy(createSmtpUser=False)
    assert [stack.all(type_) for type_ in (USER, POLICY, KEY)] == [(), (), ()]
    assert not [one for one in stack.all(PARAMETER) if "devices" in one.name]
    assert stack.exports["smtpCredentialsParameter"] == ""
