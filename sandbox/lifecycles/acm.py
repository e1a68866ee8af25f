"""ACM: the lives of a certificate and of its validation."""

from __future__ import annotations

from sandbox.create import acm as create

from .lifecycle import Lifecycle, deleted_by, found_by, keep_resource

LIFECYCLES: dict[str, Lifecycle] = {
    "aws:acm/certificate:Certificate": Lifecycle(
        create=create.certificate,
        read=found_by("acm", "describe_certificate", CertificateArn="id"),
        delete=deleted_by("acm", "delete_certificate", CertificateArn="id"),
        source="internal/service/acm/certificate.go",
        replaced_by=frozenset(
            {
                *("certificateAuthorityArn", "domainName", "keyAlgorithm"),
                *("subjectAlternativeNames", "validationMethod", "validationOptions"),
            }
        ),
    ),
    "aws:acm/certificateValidation:CertificateValidation": Lifecycle(
        create=create.certificate_validation,
        read=found_by("acm", "describe_certificate", CertificateArn="certificateArn"),
        delete=keep_resource,
        source="internal/service/acm/certificate_validation.go",
        replaced_by=frozenset({"certificateArn", "validationRecordFqdns"}),
    ),
}
