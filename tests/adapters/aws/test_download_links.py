"""Keys are read as rarely as possible, and a digest identifies one message."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.aws.clients import Clients
from adapters.aws.download_links import (
    CHECKING_AGE,
    PAUSE_AFTER_FAILURE,
    SECOND_LOOK_AGE,
    Pointer,
    S3LinkIndex,
    SsmLinkKeys,
    TokenDownloadPages,
    read_issued,
)
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import MessageId, link_key
from relay_core.links.tokens import LinkKeys, issue_token, message_ref
from sandbox.emulator.running import Emulator
from tests.adapters.stored_message import ANNA, KEYS, NOW, store_keys

MESSAGE = MessageId("0abc")
OTHER_KEYS = LinkKeys(current=bytes(32))
SECOND = timedelta(seconds=1)


@dataclass
class Parameter:
    """The parameter of the keys, which counts its readings."""

    keys: LinkKeys | str = KEYS
    error: str | None = None
    asked: int = 0
    decrypted: list[bool] = field(default_factory=list)

    def get_parameter(self, *, Name: str, WithDecryption: bool = False) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        self.asked += 1
        self.decrypted.append(WithDecryption)
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": Name}}, "GetParameter")
        return {"Parameter": {"Value": document(self.keys)}}


def document(keys: LinkKeys | str) -> str:
    if isinstance(keys, str):
        return keys
    previous = keys.previous and base64.b64encode(keys.previous).decode()
    return json.dumps({"current": base64.b64encode(keys.current).decode(), "previous": previous})


@dataclass
class World:
    parameter: Parameter
    keys: SsmLinkKeys = field(init=False)

    def __post_init__(self) -> None:
        self.now = NOW
        self.keys = SsmLinkKeys(
            client=self.parameter, parameter_name="/relay/keys", clock=lambda: self.now
        )

    def read(self, keys: LinkKeys = KEYS) -> bool:
        """Whether a token made with these keys is accepted as issued."""
        return read_issued(issue_token(MESSAGE, ANNA, keys), self.keys) is not None


@pytest.fixture
def world() -> World:
    return World(Parameter())


class TestKeys:
    def test_keys_are_decrypted_and_kept_until_they_are_too_old(self, world: World) -> None:
        for after, asked in ((0, 1), (30, 1), (60, 1), (61, 2), (121, 2), (122, 3)):
            world.now = NOW + after * SECOND
            assert KEYS == world.keys.keys(timedelta(minutes=1))
            assert asked == world.parameter.asked
        assert all(world.parameter.decrypted)

    def test_keys_that_are_too_old_are_not_used_in_place_of_what_cannot_be_read(
        self, world: World
    ) -> None:
        world.keys.keys(timedelta(minutes=1))
        world.parameter.error = "InternalServerError"
        world.now += timedelta(minutes=2)
        with pytest.raises(TransientError, match="ssm:GetParameter on /relay/keys"):
            world.keys.keys(timedelta(minutes=1))
        world.parameter.error = None
        world.now += 2 * PAUSE_AFTER_FAILURE
        assert KEYS == world.keys.keys(timedelta(minutes=1))

    @pytest.mark.parametrize("error", ["ParameterNotFound", "ValidationException"])
    def test_whatever_is_wrong_with_the_parameter_is_corrected_for_all_links_at_once(
        self, world: World, error: str
    ) -> None:
        world.parameter.error = error
        with pytest.raises(TransientError, match=error):
            world.keys.keys(timedelta(0))

    def test_unreadable_keys_are_an_error_that_holds_nothing_of_them(self, world: World) -> None:
        world.parameter.keys = '{"current": "c2VjcmV0"}'
        with pytest.raises(TransientError, match="deploy again") as caught:
            world.keys.keys(timedelta(0))
        assert "c2VjcmV0" not in str(caught.value)

    def test_who_asks_again_and_again_while_keys_cannot_be_read_makes_few_calls(
        self, world: World
    ) -> None:
        world.parameter.error = "ThrottlingException"
        for tenth in range(100):
            world.now = NOW + tenth * SECOND / 10
            with pytest.raises(TransientError, match="ThrottlingException"):
                world.keys.keys(timedelta(minutes=1))
        assert world.parameter.asked <= 10 * SECOND / PAUSE_AFTER_FAILURE

    def test_they_are_read_from_a_secure_string(
        self, emulator: Emulator, clients: Clients
    ) -> None:
        keys = LinkKeys(current=KEYS.current, previous=bytes(32))
        name = store_keys(emulator, keys)
        reader = SsmLinkKeys(client=clients.ssm, parameter_name=name, clock=lambda: NOW)
        assert keys == reader.keys(timedelta(0))


class TestReadIssued:
    def test_a_token_of_the_keys_at_hand_costs_no_call(self, world: World) -> None:
        assert world.read()
        world.now += SECOND_LOOK_AGE + SECOND
        assert all(world.read() for _ in range(10))
        assert 1 == world.parameter.asked

    def test_a_token_of_keys_that_were_rotated_just_now_is_found(self, world: World) -> None:
        assert world.read()
        world.parameter.keys = LinkKeys(current=OTHER_KEYS.current, previous=KEYS.current)
        world.now += SECOND_LOOK_AGE + SECOND
        assert world.read(OTHER_KEYS)
        assert world.read(KEYS)
        assert 2 == world.parameter.asked

    def test_a_key_that_is_taken_out_of_use_counts_a_minute_at_the_longest(
        self, world: World
    ) -> None:
        assert world.read()
        world.parameter.keys = OTHER_KEYS
        world.now += CHECKING_AGE + SECOND
        assert not world.read()

    def test_guessing_makes_calls_no_oftener_than_the_second_look_allows(
        self, world: World
    ) -> None:
        tenths = 600
        for tenth in range(tenths):
            world.now = NOW + tenth * SECOND / 10
            assert not world.read(OTHER_KEYS)
        assert world.parameter.asked <= 1 + tenths * SECOND / 10 / SECOND_LOOK_AGE


class TestIndex:
    @pytest.fixture
    def index(self, clients: Clients, bucket: str) -> S3LinkIndex:
        return S3LinkIndex(client=clients.s3, bucket=bucket)

    def test_a_message_is_found_by_its_digest_once_it_is_pointed_to(
        self, index: S3LinkIndex
    ) -> None:
        assert index.find(message_ref(MESSAGE)) is None
        index.point(MESSAGE)
        index.point(MESSAGE)
        assert Pointer(message_id=MESSAGE) == index.find(message_ref(MESSAGE))

    def test_two_messages_of_one_digest_are_an_error_and_the_first_keeps_its_links(
        self, index: S3LinkIndex, emulator: Emulator, bucket: str
    ) -> None:
        key = link_key(message_ref(MESSAGE))
        emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=b"another")
        with pytest.raises(PermanentError, match="leads to another"):
            index.point(MESSAGE)
        assert Pointer(message_id=MessageId("another")) == index.find(message_ref(MESSAGE))

    def test_a_bucket_that_is_not_there_is_no_message_that_is_not_there(
        self, clients: Clients
    ) -> None:
        with pytest.raises(TransientError, match="NoSuchBucket"):
            S3LinkIndex(client=clients.s3, bucket="no-such-bucket-4711").find(message_ref(MESSAGE))


def test_a_link_is_short_and_what_it_says_can_be_read(world: World, clients: Clients) -> None:
    pages = TokenDownloadPages(
        index=S3LinkIndex(client=clients.s3, bucket="unused"),
        keys=world.keys,
        base_url="https://files.example.com/",
    )
    link = pages.link(MESSAGE, ANNA)
    base, _, token = link.rpartition("/")
    assert "https://files.example.com" == base
    claim = read_issued(token, world.keys)
    assert claim is not None
    assert message_ref(MESSAGE) == claim.message_ref
