"""The SMTP servers: for devices (SES's SMTP interface), and for other mail servers (MX).

The first stands for SES's SMTP endpoint: it accepts nothing without STARTTLS and AUTH (PLAIN or
LOGIN). The second stands for the host in the MX record of the inbound domain, and accepts mail
from any sender; `external_mail` gives SES's verdicts on it.

Devices deviate from SMTP in many ways. Where the meaning is clear, the servers accept it, as SES
does: HELO instead of EHLO, HELO without a name, a mechanism in lower case, a reverse-path that is
null or not an address, lines of any length (RFC 5321 section 4.5.3.1.6 allows 1,000 octets). The
active receipt rules decide about each recipient. The answer after DATA is 250 only after the mail
is stored.

SES sends only as a verified identity, and otherwise answers 554 after DATA. Here only the
reverse-path is checked. SES checks From as well; the sandbox does not, so that the relay can be
tested with authors that are not authenticated (`ses_verdicts`).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any, Protocol, TypeVar

import aiosmtpd.smtp
from aiosmtpd.smtp import AuthResult, LoginPassword, Session
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.events import Listener, MailRejected, SandboxFailure
from sandbox.ses.identities import NotVerified
from sandbox.ses_verdicts import Envelope

MAX_MESSAGE = 40 * 1024 * 1024
"""Bytes of a mail that SES email receiving accepts (SES Developer Guide, "Service quotas")."""

_T = TypeVar("_T")

_NAMELESS = "unknown"
_BRACKETED = re.compile(r"<([^<>]*)>\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A device's user name and password."""

    username: str
    password: str

    def match(self, login: LoginPassword) -> bool:
        """Whether both match, compared in constant time."""
        name_matches = hmac.compare_digest(login.login, self.username.encode())
        return hmac.compare_digest(login.password, self.password.encode()) and name_matches


class Receives(Protocol):
    """Accepts mail. Its methods block, and raise botocore's errors where a call fails."""

    def accepts(self, recipient: str) -> bool:
        """Whether mail for this address is accepted."""
        ...

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        """Store a mail; return its id."""
        ...


class Logins(Protocol):
    """The valid logins."""

    def match(self, login: LoginPassword) -> bool:
        """Whether a login is valid."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeys:
    """Logins by access keys, as in SES: `passwords` are the current ones, by key id."""

    passwords: Mapping[str, str]

    def match(self, login: LoginPassword) -> bool:
        """Whether the user name is the id of an active key, and the password belongs to it."""
        known = [
            Credentials(username=name, password=p) for name, p in tuple(self.passwords.items())
        ]
        return any(one.match(login) for one in known)


class SendingIdentities(Protocol):
    """The identities that a device may send as (`sandbox.ses.identities.Identities`)."""

    def require(self, *addresses: str) -> tuple[str, ...]:
        """The verified identity for each address.

        Raises:
            NotVerified: if an address has none.
        """
        ...


class _Session(Session):
    """A session without `login_data`: aiosmtpd logs a deprecation each time it sets it."""

    @property
    def login_data(self) -> None:
        """Nothing: `auth_data` has who logged in."""

    @login_data.setter
    def login_data(self, value: object) -> None:
        pass


class _Protocol(aiosmtpd.smtp.SMTP):
    """aiosmtpd's server, with the deviations of devices."""

    line_length_limit = MAX_MESSAGE + 1024
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def _create_session(self) -> Session:
        return _Session(self.loop)

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 (aiosmtpd's name)
        await super().smtp_HELO(hostname or _NAMELESS)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 (aiosmtpd's name)
        await super().smtp_EHLO(hostname or _NAMELESS)

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd's name)
        if self.session is not None and self.session.host_name:
            self.session.extended_smtp = True  # accept AUTH after HELO
        mechanism, _, rest = (arg or "").partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()} {rest}".strip())

    async def check_auth_needed(self, caller_method: str) -> bool:
        if self._auth_required and self.session is not None and self.session.ssl is None:
            await self.push("530 5.7.0 Must issue a STARTTLS command first")
            return True
        return await super().check_auth_needed(caller_method)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # A reverse-path such as <AppName> is not an address; the rules decide about recipients.
        address, rest = super()._getaddr(arg)
        if address is not None:
            return address, rest
        if match := _BRACKETED.fullmatch(arg.strip()):
            return match[1].strip() or "<>", match[2]
        bare, _, parameters = arg.strip().partition(" ")
        return bare, parameters


# No slots: aiosmtpd reads every member, and Python 3.11.2 fails on __weakref__ there.
@dataclass(frozen=True, kw_only=True)
class _Handler:
    """The handler of each SMTP command; AWS is called off the event loop."""

    receiving: Receives
    listener: Listener
    identities: SendingIdentities | None

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self,
        _server: _Protocol,
        _session: Session,
        envelope: aiosmtpd.smtp.Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        try:
            accepted = await _off_loop(lambda: self.receiving.accepts(address))
        except (ClientError, BotoCoreError) as error:
            return self._temporary(address, error)
        if not accepted:
            reply = "550 5.1.1 Requested action not taken: mailbox unavailable"
            self.listener(MailRejected(about=f"recipient {address}", reply=reply))
            return reply
        envelope.rcpt_tos.append(address)
        return "250 Ok"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, _server: _Protocol, session: Session, envelope: aiosmtpd.smtp.Envelope
    ) -> str:
        raw = envelope.content
        if not isinstance(raw, bytes):
            raise TypeError("the server must have decode_data=False")
        mail_from = envelope.mail_from or ""
        smtp_envelope = Envelope(
            mail_from="" if mail_from == "<>" else mail_from,
            recipients=tuple(envelope.rcpt_tos),
            helo=session.host_name or _NAMELESS,
            client_ip=str(session.peer[0]) if session.peer else "127.0.0.1",
        )
        try:
            await _off_loop(lambda: self._require_identity(smtp_envelope.mail_from))
            message_id = await _off_loop(lambda: self.receiving.receive(raw, smtp_envelope))
        except NotVerified as error:
            reply = f"554 Message rejected: {error}"
            self.listener(MailRejected(about=f"mail from {mail_from}", reply=reply))
            return reply
        except (ClientError, BotoCoreError) as error:
            return self._temporary(f"mail from {mail_from}", error)
        return f"250 Ok {message_id}"

    def _require_identity(self, mail_from: str) -> None:
        # A reverse-path that is null or not an address names no identity.
        if self.identities is not None and "@" in mail_from:
            self.identities.require(mail_from)

    async def handle_exception(self, error: Exception) -> str:
        return self._temporary("SMTP session", error)

    def _temporary(self, about: str, error: Exception) -> str:
        self.listener(SandboxFailure(text=f"{about}: {type(error).__name__}: {error}"))
        return "451 4.3.0 Temporary failure: nothing was stored, please try again"


async def _off_loop(call: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(None, call)


class SmtpFront:
    """The server, on a separate event loop and thread.

    It accepts connections on `listening` (bound by the caller, so that a port in use is reported
    early) from its creation until `close`. Without `logins` it accepts mail without AUTH. With
    `identities` it refuses mail whose sender is not verified.
    """

    def __init__(
        self,
        *,
        listening: socket.socket,
        tls: ssl.SSLContext,
        logins: Logins | None,
        receiving: Receives,
        listener: Listener,
        identities: SendingIdentities | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        handler = _Handler(receiving=receiving, listener=listener, identities=identities)

        def authenticate(
            _server: aiosmtpd.smtp.SMTP,
            session: Session,
            _envelope: aiosmtpd.smtp.Envelope,
            _mechanism: str,
            login: LoginPassword,
        ) -> AuthResult:
            if logins is not None and logins.match(login):
                return AuthResult(success=True, auth_data=login)
            listener(MailRejected(about=f"login from {session.peer}", reply="535 5.7.8"))
            return AuthResult(success=False, handled=False)

        def make_protocol() -> _Protocol:
            return _Protocol(
                handler,
                data_size_limit=MAX_MESSAGE,
                hostname="localhost",
                ident="ESMTP mail relay sandbox",
                tls_context=tls,
                auth_required=logins is not None,
                authenticator=authenticate,
                loop=self._loop,
            )

        self._thread = Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()
        self._server = self._run(self._loop.create_server(make_protocol, sock=listening))

    def close(self) -> None:
        """Stop listening and close the open connections."""

        async def end() -> None:
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._loop.shutdown_default_executor()

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
