"""ACM: the lives of a certificate and of its validation."""

from __future__ import annotations

from sandbox.create import acm as create

from .life import Life, deleted_by, found_by, left_alone

LIVES: dict[str, Life] = {
    "aws:acm/certificate:Certificate": Life(
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
    "aws:acm/certificateValidation:CertificateValidation": Life(
        create=create.certificate_validation,
        read=found_by("acm", "describe_certificate", CertificateArn="certificateArn"),
        delete=left_alone,
        source="internal/service/acm/certificate_validation.go",
        replaced_by=frozenset({"certificateArn", "validationRecordFqdns"}),
    ),
}
