"""The root certificates by which the functions verify AWS's servers.

botocore carries the roots of all public authorities, and loading them takes longer than the rest
of a connection. AWS's services have their certificates from Amazon Trust Services, whose five
roots every trust store for AWS should hold (https://www.amazontrust.com/repository/, "Trust store
and pinning recommendations"). So the archive holds these five, taken by their fingerprints out of
the store of the pinned botocore. See docs/decisions, "Lean functions".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from hashlib import sha256

AMAZON_ROOTS: Mapping[str, str] = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
"""The SHA-256 of each root's certificate, by its name in Amazon Trust Services' repository."""

_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n(.+?)-----END CERTIFICATE-----\n", re.DOTALL
)


def amazon_roots(store: bytes) -> bytes:
    """The five roots as PEM, from a store of certificates.

    Raises:
        LookupError: naming those that the store lacks.
    """
    names = {fingerprint: name for name, fingerprint in AMAZON_ROOTS.items()}
    found = {
        names[fingerprint]: match.group()
        for match in _CERTIFICATE.finditer(store)
        if (fingerprint := sha256(base64.b64decode(match[1])).hexdigest()) in names
    }
    if missing := AMAZON_ROOTS.keys() - found.keys():
        raise LookupError(", ".join(sorted(missing)))
    return b"".join(found[name] for name in AMAZON_ROOTS)
