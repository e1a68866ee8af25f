"""Connections to AWS: one TLS context for all of them.

By itself, botocore loads its store of certificates for each connection, which takes longer than
the rest of it. Here the store is loaded once a process, into a context that all clients share.
urllib3 checks the host name as before.

Three stores are tried, and the first that can be read is trusted: the file that `AWS_CA_BUNDLE`
names; Amazon's roots beside this module, if `RELAY_TRUST_STORE` is `amazon`; botocore's own. A
store that cannot be read is a warning in the log: a deployment changes a function's environment
before its code, so for a while the variable may be newer than the archive.

botocore lets a handler of `before-send` give the answer to a request (boto3 guide, "Extensibility
guide"); the handler here sends it over a session that is botocore's own in all but the context.
Where an endpoint is not https, as in the sandbox, nothing is changed.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import InvalidConfigError
from botocore.httpsession import URLLib3Session, create_urllib3_context, get_cert_path

from relay_core.environment import variable_name

if TYPE_CHECKING:
    import ssl

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient

CA_BUNDLE = "AWS_CA_BUNDLE"
TRUST_STORE = variable_name("trust_store")

_AMAZON_ROOTS = Path(__file__).with_name("amazon-roots.pem")
"""In the functions' archive only (`infra.functions.archive` writes it)."""

_logger = logging.getLogger(__name__)


def share_context(client: BaseClient) -> None:
    """Have a client use the process's one TLS context, if it uses TLS.

    Raises:
        BotoCoreError: if no store of certificates can be read, naming them.
    """
    if not client.meta.endpoint_url.startswith("https:"):
        return
    connections = _Connections(_context(tuple(_stores(os.environ))), client)
    client.meta.events.register_last("before-send", connections.answer)  # type: ignore[arg-type]


def _stores(environment: Mapping[str, str]) -> Iterator[str]:
    """The files of certificates that may be trusted, the first that can be read alone."""
    if bundle := environment.get(CA_BUNDLE):
        yield bundle
    if environment.get(TRUST_STORE) == "amazon":
        yield str(_AMAZON_ROOTS)
    yield str(get_cert_path(verify=True))


@functools.cache
def _context(stores: tuple[str, ...]) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    for store in stores:
        try:
            context.load_verify_locations(cafile=store)
        except OSError as error:  # an SSLError is one
            _logger.warning("the certificates in %s cannot be read: %s", store, error)
        else:
            return context
    raise InvalidConfigError(
        error_msg=f"no certificates can be read: {CA_BUNDLE} or else {', '.join(stores)}"
    )


class _Connections(URLLib3Session):
    """botocore's HTTP session, with a context that has its certificates already."""

    def __init__(self, context: ssl.SSLContext, client: BaseClient) -> None:
        self._context = context
        config: Any = client.meta.config
        options: dict[str, Any] = {  # the stubs know other types than botocore itself passes
            "timeout": (config.connect_timeout, config.read_timeout),
            "max_pool_connections": config.max_pool_connections,
            "proxies": config.proxies,
            # As botocore has it (`botocore.args`): nothing waits to be filled up.
            "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        }
        super().__init__(**options)

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Send a request; the answer to it."""
        return self.send(request)

    def _get_ssl_context(self) -> ssl.SSLContext:
        return self._context

    def _setup_ssl_cert(self, conn: Any, _url: str, _verify: object) -> None:  # noqa: ANN401
        # What is named here is loaded once more for every connection.
        conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None
