"""Finding the messages, raw messages and queue messages that an operator names.

A name is copied from a notice, a log line or a list: a message id, the key of a raw message, or a
unique prefix of an id. It can also be the reference number, which recipients see in their mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from relay_core.keys import INCOMING_PREFIX, MessageId, RawKey, message_id_of
from relay_core.links.reference import parse_reference, reference
from relay_core.ports import StoredManifest

from .redelivery import NotDone

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from adapters.operator.dead_letters import DeadLetter
    from operate.stack.access import StackAccess

_MAX_NAMED = 5


def find_message(access: StackAccess, name: str) -> MessageId:
    """The id of the message that the name means; it has a manifest.

    Raises:
        NotDone: if there is none, or more than one.
    """
    message_id = message_id_of(RawKey(name))
    if not name.rpartition("/")[2]:
        raise NotDone(f"{name!r} does not name a message: give a message id or a raw key")
    if "/" in name:
        stored = access.manifests.load(message_id)
        if stored is None or stored.manifest.raw_key != name:
            raise NotDone(
                f"{name} has no manifest: no worker has processed it yet, or the manifest was"
                f" deleted after its retention; 'relayctl replay {name}' announces it again"
            )
        return message_id
    from relay_core.keys import manifest_key  # noqa: PLC0415 - boto3 is slow to import

    if access.attachments.find(manifest_key(message_id)):
        return message_id
    found = _ids_beginning_with(access, message_id) or _ids_with_reference(access, name)
    if not found:
        raise NotDone(
            f"{name}: no message with a manifest has this id, one that begins so, or this"
            " reference number; 'relayctl list' shows the ids"
        )
    if len(found) > 1:
        raise NotDone(f"{name} may mean {_enumerate(found)}: give more of the id")
    return found[0]


def load_message(access: StackAccess, name: str) -> StoredManifest:
    """The manifest of the message that the name means.

    Raises:
        NotDone: if there is none, or more than one.
    """
    message_id = find_message(access, name)
    stored = access.manifests.load(message_id)
    if stored is None:
        raise NotDone(f"{message_id}: its manifest was deleted just now")
    return stored


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRawMessage:
    """A raw message in the incoming bucket, and its manifest if it has one."""

    raw: StoredObject
    stored: StoredManifest | None


def find_raw_message(access: StackAccess, name: str) -> FoundRawMessage:
    """The raw message that the name means: a key, a message id, or a unique prefix of one.

    Raises:
        NotDone: if there is none, or more than one.
    """
    if not name.rpartition("/")[2]:
        raise NotDone(f"{name!r} does not name a message: give a message id or a raw key")
    raw_key = RawKey(name)
    stored = access.manifests.load(message_id_of(raw_key))
    if "/" not in name:
        if stored is not None:
            raw_key = stored.manifest.raw_key
        else:
            raw_key = _find_raw_key(access, name)
            stored = access.manifests.load(message_id_of(raw_key))
    if stored is not None and stored.manifest.raw_key != raw_key:
        raise NotDone(
            f"{raw_key} has the same message id as {stored.manifest.raw_key}, which has a"
            " manifest; store it under another key"
        )
    if stored is None and access.incoming.find(raw_key) is None:
        raise NotDone(
            f"{raw_key} is not in the incoming bucket {access.incoming.bucket}, and no manifest"
            " names it: 'relayctl list' shows the mails that have a manifest, 'relayctl list"
            " --unannounced' those that have none"
        )
    return FoundRawMessage(raw=require_raw_message(access, raw_key), stored=stored)


def require_raw_message(access: StackAccess, raw_key: RawKey) -> StoredObject:
    """The raw message under that key.

    Raises:
        NotDone: if there is none.
    """
    raw = access.incoming.find(raw_key)
    if raw is None:
        raise NotDone(
            f"{raw_key} is not in the incoming bucket {access.incoming.bucket} (it is deleted"
            " after incomingRetentionDays), so the mail cannot be delivered again"
        )
    return raw


def select_letters(letters: Iterable[DeadLetter], names: Sequence[str]) -> tuple[DeadLetter, ...]:
    """The messages of the dead-letter queue that the names mean.

    A name is SQS's message id, a mail's id or raw key, or a prefix of an id. Several messages may
    announce the same mail: a name of the mail means all of them.

    Raises:
        NotDone: if a name means none, or messages of several mails.
    """
    letters = tuple(letters)
    chosen: dict[str, DeadLetter] = {}
    for name in names:
        found = [one for one in letters if name in _names_of(one)]
        if not found and name:
            found = [
                one for one in letters if any(_is_beginning(name, of) for of in _names_of(one))
            ]
            mails = sorted(
                {one.raw_keys[0] if one.raw_keys else one.sqs_message_id for one in found}
            )
            if len(mails) > 1:
                raise NotDone(f"{name} may mean {_enumerate(mails)}: give more of the id")
        if not found:
            raise NotDone(
                f"{name}: no message of the dead-letter queue has this id or raw key;"
                " 'relayctl dlq list' shows them"
            )
        chosen |= {one.sqs_message_id: one for one in found}
    return tuple(chosen.values())


def _names_of(letter: DeadLetter) -> set[str]:
    ids = {str(message_id_of(raw_key)) for raw_key in letter.raw_keys}
    return {letter.sqs_message_id, *letter.raw_keys, *ids}


def _is_beginning(beginning: str, name: str) -> bool:
    return "/" not in name and name.startswith(beginning)


def _ids_beginning_with(access: StackAccess, beginning: str) -> list[MessageId]:
    from relay_core.keys import manifest_prefix, message_id_in  # noqa: PLC0415 - likewise

    found = access.attachments.beginning_with(manifest_prefix(beginning))
    ids = (message_id_in(one.key) for one in found)
    return list(islice((one for one in ids if one is not None), _MAX_NAMED + 1))


def _ids_with_reference(access: StackAccess, name: str) -> list[MessageId]:
    """The messages with that reference number. There is no index: all messages are listed."""
    from relay_core.keys import manifest_prefix, message_id_in  # noqa: PLC0415 - likewise

    wanted = parse_reference(name)
    if wanted is None:
        return []
    ids = (message_id_in(one.key) for one in access.attachments.beginning_with(manifest_prefix()))
    found = (one for one in ids if one is not None and reference(one) == wanted)
    return list(islice(found, _MAX_NAMED + 1))


def _find_raw_key(access: StackAccess, beginning: str) -> RawKey:
    """The raw message of the one mail with that id prefix, with or without a manifest."""
    prefix = INCOMING_PREFIX + beginning
    if exact := access.incoming.find(prefix):
        return RawKey(exact.key)
    stored = islice(access.incoming.beginning_with(prefix), _MAX_NAMED + 1)
    found = {message_id_of(RawKey(one.key)): one.key for one in stored}
    for message_id in _ids_beginning_with(access, beginning) or _ids_with_reference(
        access, beginning
    ):
        if message_id not in found and (known := access.manifests.load(message_id)):
            found[message_id] = known.manifest.raw_key
    if not found:
        raise NotDone(
            f"{beginning}: no mail has this id or one that begins so, neither a manifest nor a raw"
            " message; 'relayctl list' shows ids"
        )
    if len(found) > 1:
        raise NotDone(f"{beginning} may mean {_enumerate(sorted(found))}: give more of the id")
    return RawKey(*found.values())


def _enumerate(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_MAX_NAMED])
    return f"{listed} and more" if len(names) > _MAX_NAMED else listed
