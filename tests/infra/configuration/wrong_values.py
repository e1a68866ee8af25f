"""Configurations that break one rule each, with the key and the rule that the error names."""

from __future__ import annotations

from tests.infra.configuration.wrong_link_values import WRONG_LINKS

WRONG: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    # name → (changes, key → part of the rule that the error gives)
    **WRONG_LINKS,
    "no sender": ({"senderEmail": None}, {"senderEmail": "is required"}),
    "empty sender": ({"senderEmail": ""}, {"senderEmail": "is required"}),
    "no inbound address": ({"recipientEmail": None}, {"recipientEmail": "is required"}),
    "documents over http": ({"documentsUrl": "http://a.example/d"}, {"documentsUrl": "https://"}),
    "a long URL": ({"documentsUrl": "https://a/" + "b" * 200}, {"documentsUrl": "at most 200"}),
    "a long name": ({"organisation": "a" * 81}, {"organisation": "1 to 80 characters"}),
    "two lines": ({"contact": "a\nb"}, {"contact": "must be one line of 1 to 200"}),
    "a colour's name": ({"accentColour": "red"}, {"accentColour": "six hexadecimal digits"}),
    "a short colour": ({"accentColour": "#fff"}, {"accentColour": "six hexadecimal digits"}),
    "no such language": ({"language": "xx"}, {"language": "must be en, de, fr"}),
    "no such zone": ({"timeZone": "Mars/Base"}, {"timeZone": "as Europe/Berlin"}),
    "a path": ({"timeZone": "../../etc/passwd"}, {"timeZone": "as Europe/Berlin"}),
    "no recipients": ({"allowedRecipients": None}, {"allowedRecipients": "is required"}),
    "empty recipients": ({"allowedRecipients": []}, {"allowedRecipients": "at least one"}),
    "no region": ({"aws:region": None}, {"aws:region": "is required"}),
    "region without receiving": ({"aws:region": "cn-north-1"}, {"aws:region": "SES receives"}),
    "sender is no address": ({"senderEmail": "relay"}, {"senderEmail": "an e-mail address"}),
    "own addresses with a dot at the end": (
        {
            "senderEmail": "relay@mail.example.com.",
            "recipientEmail": "devices@in.example.com.",
            "previousRecipientEmails": ["old@in.example.com."],
        },
        {
            "senderEmail": "without a dot or blanks at an end",
            "recipientEmail": "without a dot or blanks at an end",
            "previousRecipientEmails": "without a dot or blanks at an end",
        },
    ),
    "own address in Unicode": (
        {"recipientEmail": "devices@b\u00fccher.example"},
        {"recipientEmail": "in ASCII"},
    ),
    "inbound is no address": ({"recipientEmail": "a@b"}, {"recipientEmail": "e-mail address"}),
    "sender is the secret address": (
        {"senderEmail": "Devices-7f3k9@in.example.com"},
        {"recipientEmail": "must differ"},
    ),
    "a previous address is none": (
        {"previousRecipientEmails": ["devices"]},
        {"previousRecipientEmails": "must be an e-mail address"},
    ),
    "a previous address is the current one": (
        {"previousRecipientEmails": ["DEVICES-7f3k9@in.example.com"]},
        {"previousRecipientEmails": "must not be recipientEmail"},
    ),
    "a previous address is a label of the current one": (
        {"previousRecipientEmails": ["devices-7f3k9+x@in.example.com"]},
        {"previousRecipientEmails": "received anyway"},
    ),
    "a previous address twice": (
        {"previousRecipientEmails": ["old@in.example.com", "Old@in.example.com"]},
        {"previousRecipientEmails": "must be listed only once"},
    ),
    "a previous address is the sender": (
        {"previousRecipientEmails": ["relay@mail.example.com"]},
        {"previousRecipientEmails": "must differ from senderEmail"},
    ),
    "a previous address where bounces come back": (
        {"previousRecipientEmails": ["old@Bounce.mail.example.com"]},
        {"previousRecipientEmails": "SES receives only bounces there"},
    ),
    "more previous addresses than the policy holds": (
        {"previousRecipientEmails": [f"devices-{n:05}@in.example.com" for n in range(30)]},
        {"previousRecipientEmails": "2,048 characters"},
    ),
    "more previous addresses than the policy of a user by name holds": (
        {
            "previousRecipientEmails": [f"devices-{n:05}@in.example.com" for n in range(30)],
            "createSmtpUser": False,
            "smtpUsers": ["hall-3"],
        },
        {"previousRecipientEmails": "2,048 characters"},
    ),
    "a misspelt previous address": (
        {"previousRecipientEmail": ["old@in.example.com"]},
        {"previousRecipientEmail": "did you mean previousRecipientEmails?"},
    ),
    "a misspelt address": (
        {"recipentEmail": "old@in.example.com"},
        {"recipentEmail": "did you mean recipientEmail?"},
    ),
    "a previous address as text": (
        {"previousRecipientEmails": "old@in.example.com"},
        {"previousRecipientEmails": "a list of text"},
    ),
    "notices to a previous address": (
        {
            "previousRecipientEmails": ["old@in.example.com"],
            "alarmEmails": ["old+x@in.example.com"],
        },
        {"alarmEmails": "nor one of previousRecipientEmails"},
    ),
    "a closed label with its plus sign": (
        {"closedLabels": ["+boiler7"]},
        {"closedLabels": "between + and @"},
    ),
    "recipients as text": ({"allowedRecipients": "example.com"}, {"allowedRecipients": "a list"}),
    "recipients as numbers": ({"allowedRecipients": [1]}, {"allowedRecipients": "a list of text"}),
    "bad pattern": ({"allowedRecipients": ["exa mple.com"]}, {"allowedRecipients": "a domain"}),
    "bad sender pattern": ({"allowedSenders": ["-"]}, {"allowedSenders": "must be an address"}),
    "groups as list": ({"recipientGroups": ["a@b.example"]}, {"recipientGroups": "an object"}),
    "group of text": ({"recipientGroups": {"ops": "a"}}, {"recipientGroups": "lists of text"}),
    "bad member": (
        {"recipientGroups": {"ops": ["a"]}},
        {"recipientGroups": "in the group @ops: expected an address, found 'a'"},
    ),
    "empty group": ({"recipientGroups": {"ops": []}}, {"recipientGroups": "has no member"}),
    "name of a group": ({"recipientGroups": {"a b": ["a@b.example"]}}, {"recipientGroups": "64"}),
    "unknown group in a group": (
        {"recipientGroups": {"ops": ["@night"]}},
        {"recipientGroups": "there is no group @night that the group @ops names"},
    ),
    "groups that contain each other": (
        {"recipientGroups": {"a": ["@b"], "b": ["@a"]}},
        {"recipientGroups": "contain each other"},
    ),
    "defaults as list": ({"defaultRecipients": ["a@b.example"]}, {"defaultRecipients": "object"}),
    "defaults of no sender": (
        {"defaultRecipients": {"plant": ["a@example.com"]}},
        {"defaultRecipients": "a sender must be an address, a domain"},
    ),
    "defaults of an unknown group": (
        {"defaultRecipients": {"plant.example": ["@night"]}},
        {"defaultRecipients": "there is no group @night"},
    ),
    "more than a parameter holds": (
        {"recipientGroups": {"ops": [f"recipient-{n:03}@example.com" for n in range(300)]}},
        {"recipientGroups, defaultRecipients": "8192 bytes of an SSM parameter"},
    ),
    "age of the directory": (
        {"directoryRefreshSeconds": 3601},
        {"directoryRefreshSeconds": "from 0 to 3600 seconds"},
    ),
    "limit of a sender": (
        {"senderMessageLimit": 1001},
        {"senderMessageLimit": "from 0 to 1000"},
    ),
    "budget of recipients": (
        {"recipientBudgetPerHour": 10_000_001},
        {"recipientBudgetPerHour": "from 0 to 10000000"},
    ),
    "window of a sender": (
        {"senderWindowSeconds": 0, "noticeWindowSeconds": 901, "noticeLimit": 101},
        {
            "senderWindowSeconds": "from 1 to 86400 seconds",
            "noticeWindowSeconds": "from 1 to 900 seconds",
            "noticeLimit": "from 0 to 100",
        },
    ),
    "a field that mail systems act on": (
        {"passHeaderFields": ["X-Spam-Flag"]},
        {"passHeaderFields": "must begin with X-"},
    ),
    "notices to the relay itself": (
        {"fallbackEmails": ["Devices-7f3k9@in.example.com"]},
        {"fallbackEmails": "must not be recipientEmail"},
    ),
    "short marker": ({"recipientMarker": ":"}, {"recipientMarker": "3 to 64"}),
    "no short marker": ({"shortMarker": "R:"}, {"shortMarker": "2 to 16"}),
    "a header field as short marker": ({"shortMarker": "To"}, {"shortMarker": "header field"}),
    "a link as marker": (
        {"recipientMarker": "mailto"},
        {"recipientMarker": "beginning of a link"},
    ),
    "word of the marker": ({"shortMarker": "rxers"}, {"shortMarker": "words of recipientMarker"}),
    "too few recipients": ({"maxRecipients": 0}, {"maxRecipients": "from 1 to 1000"}),
    "not a number": ({"maxRecipients": "many"}, {"maxRecipients": "a whole number"}),
    "not a boolean": ({"showRecipients": "yes"}, {"showRecipients": "true or false"}),
    "unknown action": ({"spamAction": "drop"}, {"spamAction": "refuse, mark or deliver"}),
    "unknown count": ({"codesCounted": "2"}, {"codesCounted": "must be all, first or last"}),
    "retention of attachments": (
        {"attachmentRetentionDays": 3651},
        {"attachmentRetentionDays": "from 1 to 3650 days"},
    ),
    "numbers beyond any time": (
        {
            "linkMode": "presigned",
            "linkExpiryHours": 10**18,
            "attachmentRetentionDays": 10**18,
            "incomingRetentionDays": 10**18,
            "retryDelaySeconds": -(10**18),
        },
        {
            "linkExpiryHours": "168 hours",
            "attachmentRetentionDays": "from 1 to 3650 days",
            "incomingRetentionDays": "from 1 to 3650 days",
            "retryDelaySeconds": "from 1 to 900",
        },
    ),
    "retention of mail": (
        {"incomingRetentionDays": 0},
        {"incomingRetentionDays": "from 1 to 3650 days"},
    ),
    "retention of logs": ({"logRetentionDays": 31}, {"logRetentionDays": "CloudWatch Logs"}),
    "alarm e-mail": ({"alarmEmails": ["operator"]}, {"alarmEmails": "an e-mail address"}),
    "fallback e-mail": ({"fallbackEmails": ["a@b c.d"]}, {"fallbackEmails": "an e-mail address"}),
    "threshold of failures": ({"dlqAlarmThreshold": 0}, {"dlqAlarmThreshold": "from 1"}),
    "threshold of age": ({"queueAgeAlarmSeconds": 0}, {"queueAgeAlarmSeconds": "from 1"}),
    "threshold of traffic": ({"trafficAlarmThreshold": 0}, {"trafficAlarmThreshold": "from 1"}),
    "one worker": ({"maxConcurrency": 1}, {"maxConcurrency": "from 2 to 1000"}),
    "too little memory": ({"functionMemory": 127}, {"functionMemory": "from 128 to 10240"}),
    "too much memory": ({"functionMemory": 10241}, {"functionMemory": "from 128 to 10240"}),
    "timeout": ({"functionTimeoutSeconds": 901}, {"functionTimeoutSeconds": "from 30 to 900"}),
    "short timeout": (
        {"functionTimeoutSeconds": 29},
        {"functionTimeoutSeconds": "from 30 to 900"},
    ),
    "submissions of a worker": (
        {"submissionConcurrency": 51},
        {"submissionConcurrency": "from 1 to 50"},
    ),
    "parking delay": ({"parkingDelaySeconds": 901}, {"parkingDelaySeconds": "from 1 to 900"}),
    "retry delay": ({"retryDelaySeconds": 0}, {"retryDelaySeconds": "from 1 to 900"}),
    "too few tries": ({"dlqMaxReceiveCount": 2}, {"dlqMaxReceiveCount": "from 3 to 1000"}),
    "tries that outlast the queue": (
        {"dlqMaxReceiveCount": 33, "functionTimeoutSeconds": 900},
        {"dlqMaxReceiveCount": "must be at most 32 with functionTimeoutSeconds = 900"},
    ),
    "policy of DMARC": ({"dmarcPolicy": "strict"}, {"dmarcPolicy": "none, quarantine or reject"}),
    "reports of DMARC": (
        {"dmarcReportEmails": ["nobody"]},
        {"dmarcReportEmails": "must be an e-mail address"},
    ),
    "name of a rule set": (
        {"existingRuleSetName": "no good", "activateRuleSet": False},
        {"existingRuleSetName": "1 to 64"},
    ),
    "name of a configuration set": (
        {"configurationSetName": "a/b"},
        {"configurationSetName": "1 to 64"},
    ),
    "pictures without memory": (
        {"inlinePreview": True, "functionMemory": 511},
        {"inlinePreview": "less than 512 MB"},
    ),
    "hosted zone": (
        {"hostedZoneId": "/hostedzone/Z123"},
        {"hostedZoneId": "without /hostedzone/"},
    ),
    "mail to where bounces come back": (
        {"recipientEmail": "devices@Bounce.mail.example.com"},
        {"recipientEmail": "SES receives only bounces there"},
    ),
    "nothing to replace": (
        {"replaceActiveRuleSet": True, "activateRuleSet": False},
        {"replaceActiveRuleSet": "must be false with activateRuleSet false"},
    ),
    "somebody else's way of delivering": (
        {"configurationSetName": "set-1", "requireOutboundTls": True},
        {"requireOutboundTls": "on that configuration set itself"},
    ),
    "permissions boundary": (
        {"permissionsBoundary": "arn:aws:iam::123456789012:role/boundary"},
        {"permissionsBoundary": "the ARN of a managed policy"},
    ),
    "protected and destroyed": (
        {"protect": True, "forceDestroy": True},
        {"forceDestroy": "must be false with protect true"},
    ),
    "version of credentials": (
        {"smtpCredentialsVersion": 0},
        {"smtpCredentialsVersion": "from 1"},
    ),
    "SMTP user in capitals": ({"smtpUsers": ["Hall"]}, {"smtpUsers": "all in lower case"}),
    "SMTP user with version 0": ({"smtpUsers": ["hall:0"]}, {"smtpUsers": "a number from 1"}),
    "SMTP user of 21 letters": ({"smtpUsers": ["h" * 21]}, {"smtpUsers": "up to 19"}),
    "SMTP users as an object": ({"smtpUsers": {"hall": 1}}, {"smtpUsers": "a list of text"}),
    "SMTP user twice": (
        {"smtpUsers": ["hall", "hall:2"]},
        {"smtpUsers": "must name each user only once"},
    ),
    "deletion window": ({"keyDeletionWindowDays": 6}, {"keyDeletionWindowDays": "from 7 to 30"}),
    "more than the environment holds": (
        {"allowedRecipients": [f"recipient-number-{n}@example.com" for n in range(120)]},
        {"allowedRecipients, allowedSenders": "environment"},
    ),
    "misspelt key": (
        {"allowedSender": ["example.com"]},
        {"allowedSender": "is not a key of this project; did you mean allowedSenders?"},
    ),
    "strange key": ({"colour": "blue"}, {"colour": "is not a key of this project"}),
}
