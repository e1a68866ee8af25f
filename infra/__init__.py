"""The deployment as Pulumi components; `relay.MailRelay` composes them.

`__main__.py` reads the configuration (`infra.configuration`), looks up what is in the account, and
decides what to create there (`infra.account`). Then `relay` composes the parts: SES
(`infra.mail`), buckets and keys (`infra.storage`), the functions (`infra.functions`), alarms and
the dashboard (`infra.watching`). `buckets`, `links`, `operator_topics`, `monitoring` and
`device_credentials` each combine some of these parts.

`policy_documents` are IAM's documents as data, `aws_facts` facts that no AWS API returns, and
`safeguards` properties of every resource. `activation` is a resource of our own.
Pulumi's state names its class by this module, so it cannot be moved.
"""
