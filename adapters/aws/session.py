"""The session that the functions make their clients with: botocore's, without boto3.

boto3 adds S3's managed transfers to it, and imports what these need, which is a part of a cold
start that no function here has any use of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.session import Session

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.credentials import Credentials


class _Session:
    """What the functions use of a `boto3.Session`."""

    def __init__(self) -> None:
        self._core = Session()

    def client(self, service_name: str, *, config: Config) -> Any:  # noqa: ANN401 - a client
        return self._core.create_client(service_name, config=config)

    def get_credentials(self) -> Credentials | None:
        return self._core.get_credentials()


def make_session() -> boto3.Session:
    """A session by the process's environment."""
    return cast("boto3.Session", _Session())
