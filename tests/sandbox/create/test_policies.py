from __future__ import annotations

import json

from sandbox.create.policies import without_transport_denials


def test_denials_of_plain_http_are_left_out_and_nothing_else() -> None:
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    other = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    with_more = {**tls, "Condition": {**tls["Condition"], "Null": {"aws:TokenIssueTime": "true"}}}  # type: ignore[dict-item]  # a literal's type is joined to object
    document = json.dumps({"Version": "2012-10-17", "Statement": [tls, other, with_more]})
    kept = without_transport_denials(document)
    assert kept is not None
    assert json.loads(kept) == {"Version": "2012-10-17", "Statement": [other, with_more]}
    assert without_transport_denials(json.dumps({"Statement": tls})) is None
