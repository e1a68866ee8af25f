"""The session that the functions make their clients with: botocore's, without boto3.

boto3 adds S3's managed transfers, which no function uses, and their imports are a part of a cold
start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from botocore.session import Session

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import Credentials


class ClientSession(Protocol):
    """What the functions use of a session; a `boto3.Session` is one too."""

    def client(self, service_name: Any, *, config: Config) -> Any:  # noqa: ANN401 - a client
        """A client of a service, by botocore's name, for the session's region and credentials.

        Raises:
            BotoCoreError: if the session has no region.
        """
        ...

    def get_credentials(self) -> Credentials | None:
        """The session's credentials, None if none are found."""
        ...


class FunctionSession:
    """A `ClientSession` by the process's environment."""

    def __init__(self) -> None:
        self._core = Session()

    def client(self, service_name: str, *, config: Config) -> Any:  # noqa: ANN401 - a client
        """See `ClientSession.client`."""
        return self._core.create_client(service_name, config=config)

    def get_credentials(self) -> Credentials | None:
        """See `ClientSession.get_credentials`."""
        return self._core.get_credentials()
