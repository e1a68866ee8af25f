"""TLS of the SMTP servers: a certificate authority, generated for every run.

The authority's certificate is written to a file for clients to trust; its key stays in memory.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

SERVER_NAMES = ("127.0.0.1", "localhost")


def make_server_context(ca_file: Path) -> ssl.SSLContext:
    """A server's context for `SERVER_NAMES`; its authority's certificate goes to `ca_file`."""
    authority = trustme.CA(organization_name="Mail relay sandbox")
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*SERVER_NAMES).configure_cert(context)
    return context
