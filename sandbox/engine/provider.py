"""Providers for Pulumi's engine, on the emulator: `aws`, `random`, the program's own.

The engine calls a provider for each resource over gRPC: to check its inputs (Check), to compare
them (Diff), and to create, read, update or delete it (pulumi, proto/pulumi/provider.proto). It
finds this one by `PULUMI_DEBUG_PROVIDERS`, and calls Attach.

The answers follow pulumi-terraform-bridge, with which pulumi-aws is built. Names are generated in
Check. A resource with a name from the program that is replaced and keeps the name is deleted
first. A preview returns the inputs; values that only AWS knows stay unknown.

Everything fails closed: a type without a lifecycle, an input without an effect, an update that is
not implemented, an output that is read but not set (`sandbox.deploy.checks`).
"""
# The methods' names are the protocol's, and its messages are untyped.
# ruff: noqa: N802, ANN401

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
from botocore.exceptions import ClientError
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # as grpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.create import LOOKUPS, Account, DeclarationError, Declared, NothingFound
from sandbox.deploy.checks import unset_outputs, wrong_texts
from sandbox.deploy.program import PROVIDER, check_region, make, one_line, unknown_type
from sandbox.lifecycles import (
    LIFECYCLES,
    Change,
    Existing,
    Lifecycle,
    changed_inputs,
    must_be_replaced,
    update,
    updaters,
)
from sandbox.lifecycles.lifecycle import is_gone

from .wire import comparable, from_wire, to_dict, to_struct

PACKAGES = ("aws", "random", "pulumi-python")
"""The engine's names of these providers; the last is for the program's own."""

_HOST = "127.0.0.1"
_THREADS = 64
_SIZE_UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_DEFAULTS = "__defaults"
"""The bridge's input that lists the inputs with default values."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One account's resources. `first_error` is the first failure, until it is taken."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account = account
        self._folder = folder
        self._lock = threading.Lock()
        self._first_error: str | None = None
        self.before_create: Callable[[str], None] = lambda _type: None
        """Called with its type before a resource is created, to simulate AWS's delays."""

    def take_first_error(self) -> str | None:
        """The first failure since the last call, on one line: type, name and reason."""
        with self._lock:
            error, self._first_error = self._first_error, None
        return error

    # --- the provider itself

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """The newer version of the SDKs': each accepts its own or a later one."""
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    def Handshake(self, _request: Any, context: Any) -> Any:
        """Not implemented: the engine then calls Attach and Configure."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake")

    def Attach(self, _request: Any, _context: Any) -> Any:
        """Confirm that the engine found this server."""
        return empty_pb2.Empty()

    def GetSchema(self, _request: Any, _context: Any) -> Any:
        """Empty: the program's SDK has the types, and `LIFECYCLES` the supported resources."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Check that a provider's configuration is for the emulator's region."""
        with self._answering(context, PROVIDER, "configuration"):
            declared = Declared("configuration", to_dict(request.news))
            check_region(declared, self._account)
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:
        """No difference: there is one account and one region."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:
        """Declare that the engine keeps secrets itself and that previews are supported."""
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, _request: Any, _context: Any) -> Any:
        """Do nothing: every call is short and runs to its end."""
        return empty_pb2.Empty()

    # --- resources

    def Check(self, request: Any, context: Any) -> Any:
        """Check the inputs; generate a name for a resource that has none."""
        type_, name = _of(request.urn)
        with self._answering(context, type_, name):
            lifecycle = _lifecycle(type_)
            news, olds = to_dict(request.news), to_dict(request.olds)
            if wrong := next(wrong_texts(news), None):
                raise DeclarationError(wrong)
            check_region(Declared(name, news), self._account)
            news.pop(_DEFAULTS, None)
            key = lifecycle.named_by
            if key and not news.get(key) and not news.get(f"{key}Prefix"):
                kept = olds.get(key) if key in olds.get(_DEFAULTS, ()) else None
                news[key] = kept or _auto_name(name, lifecycle, request.randomSeed)
                news[_DEFAULTS] = [key]
        return provider_pb2.CheckResponse(inputs=to_struct(news))

    def Diff(self, request: Any, context: Any) -> Any:
        """Compare the inputs: no change, an update or a replacement."""
        type_, name = _of(request.urn)
        with self._answering(context, type_, name):
            lifecycle = _lifecycle(type_)
            old, new = _comparable_inputs(request.old_inputs), _comparable_inputs(request.news)
            changed = changed_inputs(old, new) - {_DEFAULTS}
            ignored = {path.partition(".")[0] for path in request.ignoreChanges}
            changed -= ignored
            if not changed:
                drifted = lifecycle.drifted(_inputs(request.news), self._account)
                changes = provider_pb2.DiffResponse.DiffChanges.Value(
                    "DIFF_SOME" if drifted else "DIFF_NONE"
                )
                return provider_pb2.DiffResponse(changes=changes)
            replaces = sorted(must_be_replaced(lifecycle, old, new))
            if not replaces:
                updaters(lifecycle, changed)  # raises for an unknown input
            key = lifecycle.named_by
            keeps_its_name = (
                key is not None
                and key not in new.get(_DEFAULTS, ())
                and old.get(key) == new.get(key)
            )
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=sorted(changed),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and keeps_its_name,
        )

    def Create(self, request: Any, context: Any) -> Any:
        """Create a resource; in a preview, return the known outputs."""
        type_, name = _of(request.urn)
        inputs = _inputs(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(inputs))
        with self._answering(context, type_, name):
            self.before_create(type_)
            created = make(type_, name, self._declared(request.properties), self._account)
            state = {**unset_outputs(type_, name), "region": self._account.region, **inputs}
        return provider_pb2.CreateResponse(
            id=created.id, properties=to_struct({**state, **_given(created.outputs)})
        )

    def Update(self, request: Any, context: Any) -> Any:
        """Update a resource in place."""
        type_, name = _of(request.urn)
        old, new = _inputs(request.old_inputs), _inputs(request.news)
        state = {
            key: value
            for key, value in to_dict(request.olds).items()
            if key not in old or key in new
        } | new
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct(state))
        with self._answering(context, type_, name):
            change = Change(
                id=request.id,
                keys=changed_inputs(comparable(old), comparable(new)),
                old=old,
                new=Declared(name, self._declared(request.news)),
            )
            outputs = update(_lifecycle(type_), change, self._account)
        return provider_pb2.UpdateResponse(properties=to_struct({**state, **_given(outputs)}))

    def Read(self, request: Any, context: Any) -> Any:
        """The resource's current state, for `refresh`; empty if it does not exist."""
        type_, name = _of(request.urn)
        state, inputs = to_dict(request.properties), to_dict(request.inputs)
        with self._answering(context, type_, name):
            if not state:
                raise DeclarationError("the sandbox cannot read or import existing resources")
            existing = Existing(id=request.id, state=state)
            try:
                found = _lifecycle(type_).read(existing, self._account)
            except ClientError as error:
                if not is_gone(error):
                    raise
                found = None
            if found is None:
                return provider_pb2.ReadResponse()
        known = {key: value for key, value in found.items() if key in inputs}
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=to_struct({**state, **found}),
            inputs=to_struct({**inputs, **known}),
        )

    def Delete(self, request: Any, context: Any) -> Any:
        """Delete a resource; no error if it does not exist."""
        type_, name = _of(request.urn)
        with self._answering(context, type_, name):
            existing = Existing(id=request.id, state=to_dict(request.properties))
            try:
                _lifecycle(type_).delete(existing, self._account)
            except ClientError as error:
                if not is_gone(error):
                    raise
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answer a function of the provider's."""
        lookup = LOOKUPS.get(request.tok)
        if lookup is None:
            self._fail(context, f"{request.tok}: the sandbox does not implement this function")
        try:
            answer = lookup(from_wire(request.args, self._folder), self._account)
        except NothingFound as nothing:
            # The bridge's error, which a program may handle. So it is not an error of the
            # deployment.
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"invoking {request.tok}: 1 error occurred:\n\t* {nothing}\n\n",
            )
        return provider_pb2.InvokeResponse(**{"return": to_struct(answer)})

    def _declared(self, struct: Any) -> dict[str, Any]:
        declared = from_wire(struct, self._folder)
        declared.pop(_DEFAULTS, None)
        return declared

    @contextmanager
    def _answering(self, context: Any, type_: str, name: str) -> Iterator[None]:
        """Report any error to the engine, with its resource."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (any error must be reported to the engine)
            self._fail(context, f"{type_} {name}: {one_line(error)}")

    def _fail(self, context: Any, message: str) -> NoReturn:
        with self._lock:
            self._first_error = self._first_error or message
        context.abort(grpc.StatusCode.UNKNOWN, message)
        raise AssertionError("gRPC's abort never returns")


def _of(urn: str) -> tuple[str, str]:
    """The type and the logical name in a URN (Pulumi docs, "Resource names")."""
    _, _, types, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    return types.rpartition("$")[2], name


def _lifecycle(type_: str) -> Lifecycle:
    lifecycle = LIFECYCLES.get(type_)
    if lifecycle is None:
        raise unknown_type()
    return lifecycle


def _auto_name(name: str, lifecycle: Lifecycle, seed: bytes) -> str:
    """The logical name and 7 hex digits from the engine's seed.

    Raises:
        DeclarationError: if that is longer than AWS allows.
    """
    digits = hashlib.sha256(seed or secrets.token_bytes(32)).hexdigest()[:7]
    made = f"{name}-{digits}"
    if len(made) > lifecycle.longest_name:
        raise DeclarationError(
            f"name {made} has {len(made)} characters, and {lifecycle.longest_name} are allowed"
        )
    return made


def _inputs(struct: Any) -> dict[str, Any]:
    """The inputs in wire format."""
    return {key: value for key, value in to_dict(struct).items() if key != _DEFAULTS}


def _comparable_inputs(struct: Any) -> dict[str, Any]:
    found: dict[str, Any] = comparable(to_dict(struct))
    return found


def _given(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in outputs.items() if value is not None}


@contextmanager
def serving(provider: Provider) -> Iterator[int]:
    """A server for the provider; yields its port on the loopback interface."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_SIZE_UNBOUNDED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port(f"{_HOST}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
