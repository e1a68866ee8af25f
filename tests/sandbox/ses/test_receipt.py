from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.ses.receipt import ReceiptRule, make_message_id, matching_rules, parse_rule

RULE = ReceiptRule(
    name="rule",
    enabled=True,
    recipients=(),
    scans=True,
    s3_actions=(),
    stops=False,
    unsupported=(),
)


@pytest.mark.parametrize(
    ("condition", "recipient", "matches"),
    [
        ("user@example.com", "user@example.com", True),
        ("user@example.com", "USER@Example.COM", True),
        ("user@example.com", "other@example.com", False),
        ("user@example.com", "user@sub.example.com", False),
        # A condition without a label matches any label.
        ("user@example.com", "User+Label@example.com", True),
        ("user@example.com", "user+a+b@example.com", True),
        ("user@example.com", "user.name+label@example.com", False),
        ("user+label@example.com", "user+label@example.com", True),
        ("user+label@example.com", "user@example.com", False),
        ("user+label@example.com", "user+other@example.com", False),
        ("user+label@example.com", "user+label+more@example.com", False),
        ("example.com", "anybody@example.com", True),
        ("example.com", "anybody@sub.example.com", False),
        ("example.com", "anybody@notexample.com", False),
        (".example.com", "anybody@sub.example.com", True),
        (".example.com", "anybody@a.b.example.com", True),
        (".example.com", "anybody@example.com", False),
        (".example.com", "anybody@notexample.com", False),
        ("example.com", "no-domain", False),
    ],
)
def test_recipient_conditions(condition: str, recipient: str, matches: bool) -> None:  # noqa: FBT001 (a table)
    assert replace(RULE, recipients=(condition,)).matches(recipient) == matches


def test_a_rule_without_conditions_takes_everything_unless_it_is_off() -> None:
    assert RULE.matches("anybody@example.com")
    assert not replace(RULE, enabled=False).matches("anybody@example.com")


def test_a_mail_passes_each_rule_once_up_to_a_stop() -> None:
    first = replace(RULE, name="first", recipients=("example.com",))
    other = replace(RULE, name="other", recipients=("elsewhere.test",), stops=True)
    last = replace(RULE, name="last", stops=True)
    beyond = replace(RULE, name="beyond")
    wanted = ["a@example.com", "b@example.com", "c@example.org"]
    passed = matching_rules([first, other, last, beyond], wanted)
    assert [("first", ("a@example.com", "b@example.com")), ("last", tuple(wanted))] == [
        (rule.name, recipients) for rule, recipients in passed
    ]


def test_a_rule_as_ses_describes_it() -> None:
    rule = parse_rule(
        {
            "Name": "in",
            "Enabled": True,
            "ScanEnabled": True,
            "Recipients": ["in.example.com"],
            "Actions": [
                {"AddHeaderAction": {"HeaderName": "X", "HeaderValue": "y"}},
                {"S3Action": {"BucketName": "incoming", "ObjectKeyPrefix": "mail/"}},
                {"StopAction": {"Scope": "RuleSet"}},
            ],
        }
    )
    assert (rule.stops, rule.unsupported) == (True, ("AddHeaderAction",))
    assert [("incoming", "mail/")] == [(a.bucket, a.prefix) for a in rule.s3_actions]


def test_message_ids_are_40_letters_and_digits_and_never_the_same() -> None:
    ids = {make_message_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(item) == 40 and item.isalnum() and item.islower() for item in ids)
