"""The secret address, written by a device into From, is hidden in mails and on pages."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from adapters.download.page import Shown, files_page
from relay_core.addresses.secrecy import conceal
from relay_core.delivery.renewal_mail import renewal_mail
from relay_core.links.download import view_link
from relay_core.links.tokens import LinkKeys, issue_token, read_token
from relay_core.record.manifest import Manifest
from relay_core.settings import Settings
from tests.core import oracle
from tests.fakes import RAW_KEY, MemoryWorld
from tests.receipt import received

ANNA = "anna@example.com"
SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="k7devices2mx4p@in.example.com",
    previous_inbound_addresses=("old@in.example.com",),
    allowed_recipients=("example.com",),
)
KEYS = LinkKeys(current=bytes(32))
LABELS = st.sampled_from(["", "+boiler7", "+gate+oncall"])
SECRETS = st.builds(
    lambda address, labels, change: change(address.replace("@", f"{labels}@")),
    st.sampled_from(SETTINGS.secret_addresses),
    LABELS,
    st.sampled_from([str.lower, str.upper, str.title]),
)
# The local-part alone discloses the address as well.
OTHERS = st.sampled_from(["k7devices2mx4p@plant.example", "cam.k7devices2mx4p@plant.example"])
NAMES = st.sampled_from(["", "Boiler 3", "anna@example.com"])


def relayed(author: str, name: str) -> tuple[MemoryWorld, Manifest]:
    message = EmailMessage()
    message["From"] = f'"{name}" <{author}>' if name else author
    message["To"] = SETTINGS.inbound_address
    message["Subject"] = "Alarm"
    message.set_content(f":Email_Rxers_Code:{ANNA}:Email_Rxers_Code:")
    message.add_attachment(b"7.4;bar", "text", "csv", filename="pressure.csv")
    world = MemoryWorld()
    world.relay(received(message.as_bytes()), SETTINGS, key=RAW_KEY)
    (manifest,) = (world.manifests.load(one) for one in world.manifests.documents)
    assert manifest is not None
    return world, manifest.manifest


def page(manifest: Manifest, world: MemoryWorld) -> str:
    claim = read_token(issue_token(manifest.message_id, ANNA, KEYS), KEYS)
    assert claim is not None
    shown = Shown(token="T" * 40, origin="https://x.example", now=world.now, part=1, archive=None)
    return files_page(view_link(claim, manifest, world.now), shown).body.decode()


def renewal(manifest: Manifest, world: MemoryWorld) -> bytes:
    return renewal_mail(
        manifest,
        ANNA,
        url="https://files.example/x",
        until=world.now + timedelta(hours=1),
        sender_address=SETTINGS.sender_address,
        stack=SETTINGS.stack,
    ).raw


@given(SECRETS | OTHERS, NAMES)
def test_no_recipient_reads_the_secret_address_as_the_sender(author: str, name: str) -> None:
    world, manifest = relayed(author, name)
    (mail,) = world.submission.outbox
    read = [page(manifest, world)]
    for raw in (mail.raw, renewal(manifest, world)):
        parsed = oracle.parse(raw)
        read += [raw.decode(), str(parsed["From"]), str(parsed["Reply-To"])]
        # A display name that only says "removed" is left out.
        assert "removed" not in str(parsed["From"])
    for text in read:
        assert conceal(text, SETTINGS.secret_addresses) == text
    assert "not stated" in read[0]


def test_another_sender_is_named() -> None:
    world, manifest = relayed("cam@plant.example", "")
    assert "cam@plant.example" in page(manifest, world)
    assert b"cam@plant.example" in renewal(manifest, world)


def test_an_operator_sees_that_it_was_removed() -> None:
    _, manifest = relayed(SETTINGS.inbound_address, "")
    assert "[address removed]" == manifest.sender
