"""Copies new objects from one bucket to the other."""

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Copy each new object."""
    del context
    s3 = boto3.client("s3")
    for message in event["Records"]:
        for record in json.loads(message["body"]).get("Records", []):
            source, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
            body = s3.get_object(Bucket=source, Key=key)["Body"].read()
            s3.put_object(Bucket=os.environ["TARGET"], Key=f"copies/{key}", Body=body)
    return {"batchItemFailures": []}
