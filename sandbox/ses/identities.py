"""Which identities the account may send as (SES Developer Guide, "Verified identities")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class NotVerified(Exception):
    """The account may not send as an address; the message is SES's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """The identities of an account in a region, read at each call. Blocks on AWS."""

    sesv2: SESV2Client
    region: str

    def require(self, *addresses: str) -> tuple[str, ...]:
        """The verified identity for each address: itself, or the nearest verified domain.

        Raises:
            NotVerified: if an address has none.
        """
        found: list[str] = []
        failed: list[str] = []
        for address in dict.fromkeys(addresses):
            identity = next(filter(self._is_verified, identity_candidates(address)), None)
            (found if identity else failed).append(identity or address)
        if failed:
            raise NotVerified(
                "Email address is not verified. The following identities failed the check in"
                f" region {self.region.upper()}: {', '.join(failed)}"
            )
        return tuple(dict.fromkeys(found))

    def _is_verified(self, identity: str) -> bool:
        try:
            answer = self.sesv2.get_email_identity(EmailIdentity=identity)
        except self.sesv2.exceptions.NotFoundException:
            return False
        return answer.get("VerifiedForSendingStatus", False)


def identity_candidates(address: str) -> Iterator[str]:
    """The address, its domain, and the domains above it (a verified domain covers them)."""
    yield address
    labels = address.rpartition("@")[2].lower().split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])
