"""A small program with one of everything that the sandbox can deploy."""

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

config = pulumi.Config()
identity = aws.get_caller_identity()
region = aws.get_region()
partition = aws.get_partition()


def policy(*statements: object) -> Output[str]:
    """A policy document of `statements`."""
    return Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Storage(pulumi.ComponentResource):
    """A private bucket whose objects expire."""

    def __init__(self, name: str) -> None:
        super().__init__("small:index:Storage", name)
        here = ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(
            name, tags={"camelCase": "kept", "snake_case": "kept"}, opts=here
        )
        of = {"bucket": self.bucket.id, "opts": here}
        aws.s3.BucketPublicAccessBlock(
            name,
            **of,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        aws.s3.BucketOwnershipControls(
            name, **of, rule={"object_ownership": "BucketOwnerEnforced"}
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            **of,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            **of,
            rules=[
                {
                    "id": "end",
                    "status": "Enabled",
                    "filter": {"prefix": "incoming/"},
                    "expiration": {"days": 14},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
        )
        everything = [self.bucket.arn, Output.concat(self.bucket.arn, "/*")]
        self.policy = aws.s3.BucketPolicy(
            name,
            **of,
            policy=policy(
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": everything,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ses.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": Output.concat(self.bucket.arn, "/incoming/*"),
                    "Condition": {"StringEquals": {"aws:SourceAccount": identity.account_id}},
                },
            ),
        )
        self.register_outputs({})


incoming, copies = Storage("incoming"), Storage("copies")

dead = aws.sqs.Queue("dead", message_retention_seconds=1209600)
queue = aws.sqs.Queue(
    "work",
    visibility_timeout_seconds=120,
    sqs_managed_sse_enabled=True,
    redrive_policy=Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5}),
)
aws.sqs.RedriveAllowPolicy(
    "dead",
    queue_url=dead.url,
    redrive_allow_policy=Output.json_dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
    ),
)
from_bucket = aws.sqs.QueuePolicy(
    "work",
    queue_url=queue.url,
    policy=policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": incoming.bucket.arn}},
        }
    ),
)
aws.s3.BucketNotification(
    "incoming",
    bucket=incoming.bucket.id,
    queues=[
        {
            "queue_arn": queue.arn,
            "events": ["s3:ObjectCreated:*"],
            "filter_prefix": "incoming/",
        }
    ],
    opts=ResourceOptions(depends_on=[from_bucket]),
)

alarms = aws.sns.Topic("alarms")
aws.sns.TopicPolicy(
    "alarms",
    arn=alarms.arn,
    policy=policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": alarms.arn,
        }
    ),
)
aws.sns.TopicSubscription("mail", topic=alarms.arn, protocol="email", endpoint="ops@example.org")
for name, watched, metric, statistic, threshold in (
    ("dead", dead, "ApproximateNumberOfMessagesVisible", "Maximum", 2),
    ("traffic", queue, "NumberOfMessagesSent", "Sum", 3),
    ("age", queue, "ApproximateAgeOfOldestMessage", "Maximum", 1),
):
    aws.cloudwatch.MetricAlarm(
        name,
        namespace="AWS/SQS",
        metric_name=metric,
        dimensions={"QueueName": watched.name},
        statistic=statistic,
        period=300,
        evaluation_periods=1,
        threshold=threshold,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[alarms.arn],
    )

log_group = aws.cloudwatch.LogGroup("copy", retention_in_days=30)
role = aws.iam.Role(
    "copy",
    assume_role_policy=policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ),
)
may_copy = aws.iam.RolePolicy(
    "copy",
    role=role.name,
    policy=policy(
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": Output.concat(incoming.bucket.arn, "/incoming/*"),
        },
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": Output.concat(copies.bucket.arn, "/copies/*"),
        },
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": queue.arn,
        },
    ),
)
function = aws.lambda_.Function(
    "copy",
    runtime="python3.13",
    architectures=["arm64"],
    handler="app.handler",
    role=role.arn,
    timeout=20,
    memory_size=256,
    code=pulumi.AssetArchive(
        {
            "app.py": pulumi.FileAsset("function/app.py"),
            "data": pulumi.FileArchive("function"),
            "note.txt": pulumi.StringAsset("a note"),
        }
    ),
    environment={
        "variables": {
            "TARGET": copies.bucket.bucket,
            "GREETING": Output.secret(config.require("greeting")),
        }
    },
    logging_config={"log_format": "JSON", "log_group": log_group.name},
    opts=ResourceOptions(depends_on=[may_copy]),
)
aws.lambda_.EventSourceMapping(
    "copy",
    event_source_arn=queue.arn,
    function_name=function.arn,
    batch_size=5,
    function_response_types=["ReportBatchItemFailures"],
    scaling_config={"maximum_concurrency": 2},
)

sender = aws.sesv2.EmailIdentity("sender", email_identity="corp.example")
aws.sesv2.ConfigurationSet(
    "relay", configuration_set_name="relay", delivery_options={"tls_policy": "REQUIRE"}
)
rules = aws.ses.ReceiptRuleSet("rules", rule_set_name="rules")
rule = aws.ses.ReceiptRule(
    "rule",
    rule_set_name=rules.rule_set_name,
    recipients=["devices@in.example"],
    enabled=True,
    scan_enabled=True,
    tls_policy="Require",
    s3_actions=[
        {
            "bucket_name": incoming.bucket.bucket,
            "object_key_prefix": "incoming/",
            "position": 1,
        }
    ],
    opts=ResourceOptions(depends_on=[incoming.policy]),
)
aws.ses.ActiveReceiptRuleSet(
    "rules", rule_set_name=rules.id, opts=ResourceOptions(depends_on=[rule])
)

user = aws.iam.User("smtp")
aws.iam.UserPolicy(
    "smtp",
    user=user.name,
    policy=policy({"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}),
)
key = aws.iam.AccessKey("smtp", user=user.name)
aws.ssm.Parameter(
    "smtp",
    name="/small/smtp",
    type="SecureString",
    value=Output.json_dumps({"username": key.id, "password": key.ses_smtp_password_v4}),
)

pulumi.export("incoming", incoming.bucket.bucket)
pulumi.export("copies", copies.bucket.bucket)
pulumi.export("queueUrl", queue.url)
pulumi.export("deadLetterQueueUrl", dead.url)
pulumi.export("alarmsTopicArn", alarms.arn)
pulumi.export("function", function.name)
pulumi.export("logGroup", log_group.name)
pulumi.export("secret", key.secret)
pulumi.export("password", Output.secret(key.ses_smtp_password_v4))
pulumi.export("tokens", sender.dkim_signing_attributes.apply(lambda dkim: dkim.tokens))
pulumi.export("where", f"{partition.partition}/{region.region}/{identity.account_id}")
pulumi.export("people", config.require_object("people"))
pulumi.export("times", config.require_int("times"))
pulumi.export("stack", pulumi.get_stack())
