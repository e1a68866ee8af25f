"""Configurations that break a rule about links or the download page; see `wrong_values`."""

from __future__ import annotations

WRONG_LINKS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    # name → (changes, key → part of the rule that the error gives)
    "unknown link mode": ({"linkMode": "short"}, {"linkMode": "must be page or presigned"}),
    "no expiry": ({"linkExpiryHours": 0}, {"linkExpiryHours": "from 1 to 336 hours"}),
    "links outlive attachments": (
        {"linkExpiryHours": 49, "attachmentRetentionDays": 2},
        {"linkExpiryHours": "from 1 to 48 hours, for as long as attachmentRetentionDays (2)"},
    ),
    "presigned for too long": (
        {"linkMode": "presigned", "linkExpiryHours": 169},
        {"linkExpiryHours": "168 hours"},
    ),
    "no key of links": ({"linkKeyVersion": 0}, {"linkKeyVersion": "from 1 to 1000000"}),
    "pages at once": (
        {"downloadMaxConcurrency": 1001},
        {"downloadMaxConcurrency": "from 0 to 1000"},
    ),
    **{
        f"domain {domain[:40]}": (
            {"downloadDomain": domain, "hostedZoneId": "Z123"},
            {"downloadDomain": "must be a host name in lower case"},
        )
        for domain in (
            *("https://files.example.com", "files.example.com/", "Files.example.com"),
            *("localhost", "127.0.0.1", "*.example.com", "files.example.com.", "a..example.com"),
            *("-f.example.com", "files.-example.com", f"{'a' * 64}.example.com"),
            f"{'f.' * 27}example.com",
        )
    },
    "domain without a page": (
        {"linkMode": "presigned", "downloadDomain": "files.example.com", "hostedZoneId": "Z123"},
        {"downloadDomain": "only linkMode page deploys"},
    ),
    "domain without a zone": (
        {"downloadDomain": "files.example.com"},
        {"downloadDomain": "needs hostedZoneId"},
    ),
    "domain and URL": (
        {
            "downloadDomain": "files.example.com",
            "downloadUrl": "https://files.example.com",
            "hostedZoneId": "Z123",
        },
        {"downloadUrl": "must be empty with downloadDomain"},
    ),
    "page without TLS": (
        {"linkMode": "page", "downloadUrl": "http://files.example.com"},
        {"downloadUrl": "must be https://"},
    ),
    "page under a path": (
        {"linkMode": "page", "downloadUrl": "https://example.com/files"},
        {"downloadUrl": "without a path"},
    ),
    "page with a slash": (
        {"linkMode": "page", "downloadUrl": "https://files.example.com/"},
        {"downloadUrl": "without a slash"},
    ),
    "page with a query": (
        {"linkMode": "page", "downloadUrl": "https://files.example.com?t="},
        {"downloadUrl": "must be https://"},
    ),
    "page of somebody": (
        {"linkMode": "page", "downloadUrl": "https://me@files.example.com"},
        {"downloadUrl": "must be https://"},
    ),
    "page of no host": (
        {"linkMode": "page", "downloadUrl": "https://localhost"},
        {"downloadUrl": "a host name"},
    ),
    "page of an endless host": (
        {"linkMode": "page", "downloadUrl": f"https://{'host.' * 60}example.com"},
        {"downloadUrl": "a host name"},
    ),
    "domain of a page that is not there": (
        {"linkMode": "presigned", "downloadUrl": "https://files.example.com"},
        {"downloadUrl": "only linkMode page deploys"},
    ),
    "new link without a page": (
        {"linkMode": "presigned", "linkRenewal": True},
        {"linkRenewal": "no download page, which offers the new link"},
    ),
    "scan that a link cannot wait for": (
        {"linkMode": "presigned", "malwareProtection": True},
        {"malwareProtection": "cannot wait for the scan"},
    ),
}
