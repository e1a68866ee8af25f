"""An AWS account, as the program's mocks present it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

ACCOUNT = "123456789012"
ZONE = "example.com"
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"  # how Pulumi marks a secret on the wire

OUTPUTS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "aws:s3/bucket:Bucket": lambda name: {"bucket": name, "arn": f"arn:aws:s3:::{name}"},
    "aws:sqs/queue:Queue": lambda name: {
        "name": name,
        "arn": f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}",
        "url": f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/{name}",
    },
    "aws:kms/key:Key": lambda name: {
        "keyId": f"id-of-{name}",
        "arn": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/id-of-{name}",
    },
    "aws:sns/topic:Topic": lambda name: {
        "name": name,
        "arn": f"arn:aws:sns:eu-central-1:{ACCOUNT}:{name}",
    },
    "aws:cloudwatch/eventRule:EventRule": lambda name: {
        "name": name,
        "arn": f"arn:aws:events:eu-central-1:{ACCOUNT}:rule/{name}",
    },
    "aws:lambda/function:Function": lambda name: {
        "name": name,
        "arn": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{name}",
        "invokeArn": f"invoke:{name}",
    },
    "aws:lambda/functionUrl:FunctionUrl": lambda _: {
        "functionUrl": f"https://{'abcd' * 8}.lambda-url.eu-central-1.on.aws/"
    },
    "aws:apigatewayv2/api:Api": lambda _: {
        "executionArn": f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:api1",
    },
    "aws:apigatewayv2/domainName:DomainName": lambda _: {
        "domainNameConfiguration": {
            "targetDomainName": "d-1.execute-api.eu-central-1.amazonaws.com",
            "hostedZoneId": "ZAPI",
        }
    },
    "aws:acm/certificate:Certificate": lambda _: {
        "arn": f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/1",
        "domainValidationOptions": [
            {
                "resourceRecordName": "_token.files.example.com.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_value.acm-validations.aws.",
            }
        ],
    },
    "random:index/randomBytes:RandomBytes": lambda name: {
        "base64": base64.b64encode(sha256(name.encode()).digest()).decode("ascii")
    },
    "aws:iam/role:Role": lambda name: {"name": name, "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"},
    "aws:iam/user:User": lambda name: {"name": name},
    "aws:iam/accessKey:AccessKey": lambda _: {"sesSmtpPasswordV4": "derived-password"},
    "aws:ssm/parameter:Parameter": lambda name: {
        "arn": f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter{name}"
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda name: {
        "arn": f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:{name}"
    },
    "aws:cloudwatch/logGroup:LogGroup": lambda name: {
        "arn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{name}"
    },
    "aws:sesv2/emailIdentity:EmailIdentity": lambda _: {
        "dkimSigningAttributes": {"tokens": ["token1", "token2", "token3"]}
    },
}


def plain(value: Any) -> Any:
    """The value without the marks of secrets, its whole floats as integers."""
    if isinstance(value, dict):
        if SECRET_SIGNATURE in value and "value" in value:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, slots=True, kw_only=True)
class InAccount:
    """The content of the account before the deployment.

    `parameters` by name; `identities`, each with whether SES sends for it; `records` of the zone:
    name and type → values as Route 53 has them; `has_zone`: whether there is one; `other_zones`,
    by id, that have other records; `closed_zones`, by id, that may not be read; `errors`: function
    → its error.
    """

    active_rule_set: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, bool] = field(default_factory=dict)
    records: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    has_zone: bool = True
    other_zones: Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]] = field(
        default_factory=dict
    )
    closed_zones: frozenset[str] = frozenset()
    configuration_sets: frozenset[str] = frozenset()
    lambda_concurrency: int = 1000
    errors: Mapping[str, str] = field(default_factory=dict)


EMPTY = InAccount()

Answer = tuple[dict[str, Any], list[tuple[str, str]]]


def _absent(what: str) -> Answer:
    """The provider's answer for a missing resource."""
    return {}, [("", f"reading {what}: couldn't find resource")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MockedAws(Mocks):
    answers: Mapping[str, Callable[[str], Mapping[str, Any]]]
    account: InAccount
    asked: list[str] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name = plain(args.inputs).get("name", args.name)
        outputs = self.answers[args.typ](name) if args.typ in self.answers else {}
        return f"{args.name}-id", {**args.inputs, **outputs}

    def call(self, args: MockCallArgs) -> Answer:
        function = args.token.rpartition(":")[2]
        self.asked.append(function)
        if function in self.account.errors:
            return {}, [("", self.account.errors[function])]
        answer: Answer = getattr(self, f"_{function}")(args.args)
        return answer

    def _getCallerIdentity(self, _: Mapping[str, Any]) -> Answer:  # noqa: N802
        return {"accountId": ACCOUNT, "arn": "", "id": ACCOUNT, "userId": ""}, []

    def _getActiveReceiptRuleSet(self, _: Mapping[str, Any]) -> Answer:  # noqa: N802
        active = self.account.active_rule_set
        if active is None:  # the provider's error for this
            return {}, [("", "reading SES Active Receipt Rule Set: empty result")]
        return {"id": active, "ruleSetName": active}, []

    def _getZone(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        if not self.account.has_zone:
            return _absent(f"Route 53 Hosted Zone ({args['zoneId']})")
        if args["zoneId"] in self.account.closed_zones:
            return {}, [("", "AccessDenied: not authorized to perform: route53:GetHostedZone")]
        return {"zoneId": args["zoneId"], "name": ZONE}, []

    def _getRecords(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        records = self.account.other_zones.get(args["zoneId"], self.account.records)
        sets = [
            {"name": f"{name}.", "type": type_, "resourceRecords": [{"value": v} for v in values]}
            for (name, type_), values in records.items()
        ]
        return {"zoneId": args["zoneId"], "resourceRecordSets": sets}, []

    def _getParameter(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        name = args["name"]
        if name not in self.account.parameters:
            return _absent(f"SSM Parameter ({name})")
        return {"name": name, "value": self.account.parameters[name]}, []

    def _getParametersByPath(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        found = {
            name: value
            for name, value in self.account.parameters.items()
            if name.rpartition("/")[0] == args["path"]
        }
        names, values = [*found], [*found.values()]
        return {"path": args["path"], "names": names, "values": values}, []

    def _getEmailIdentity(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        name = args["emailIdentity"]
        if name not in self.account.identities:
            return _absent(f"SESv2 Email Identity ({name})")
        verified = self.account.identities[name]
        return {"emailIdentity": name, "verifiedForSendingStatus": verified}, []

    def _getConfigurationSet(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        name = args["configurationSetName"]
        if name not in self.account.configuration_sets:
            return _absent(f"SESv2 Configuration Set ({name})")
        return {"configurationSetName": name}, []

    def _getServiceQuota(self, args: Mapping[str, Any]) -> Answer:  # noqa: N802
        assert (args["serviceCode"], args["quotaCode"]) == ("lambda", "L-B99A9384")
        return {"value": float(self.account.lambda_concurrency)}, []
