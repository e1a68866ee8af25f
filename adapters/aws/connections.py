"""Connections to AWS: one TLS context for all of them, and open before they are needed.

Left alone, botocore loads its store of certificates anew for each connection, which takes longer
than the rest of it. Here the store is loaded once a process, into a context that all clients have
in common. Whom it trusts is what botocore would trust: `AWS_CA_BUNDLE`, or else botocore's own
store. A name is checked as before, by urllib3.

botocore lets a handler of `before-send` give the answer to a request (boto3 guide, "Extensibility
guide"); the handler here sends it over a session that is botocore's own in all but the context.
Where an endpoint is not https, as in the sandbox, nothing is changed.
"""

from __future__ import annotations

import functools
import os
import socket
from typing import TYPE_CHECKING, Any

from botocore.exceptions import InvalidConfigError
from botocore.httpsession import URLLib3Session, create_urllib3_context, get_cert_path

if TYPE_CHECKING:
    import ssl

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient

CA_BUNDLE = "AWS_CA_BUNDLE"


def share_context(client: BaseClient) -> None:
    """Have a client use the process's one TLS context, if it speaks TLS.

    Raises:
        BotoCoreError: if the certificates cannot be read, naming their file.
    """
    if not client.meta.endpoint_url.startswith("https:"):
        return
    bundle = os.environ.get(CA_BUNDLE) or get_cert_path(verify=True)
    connections = _Connections(_context(str(bundle)), client)
    client.meta.events.register_last("before-send", connections.answer)  # type: ignore[arg-type]


@functools.cache
def _context(bundle: str) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    try:
        context.load_verify_locations(cafile=bundle)
    except OSError as error:  # an SSLError is one
        raise InvalidConfigError(error_msg=f"{CA_BUNDLE}: {bundle}: {error}") from error
    return context


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
