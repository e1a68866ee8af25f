"""The mail with a new link begins with the reason for which it is sent."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta

import pytest

from relay_core.delivery.renewal_mail import EXPLANATION, renewal_mail
from relay_core.outgoing.letterhead import Letterhead
from relay_core.wording.appearance import Appearance
from relay_core.wording.language import Language
from tests.core.laws import SETTINGS
from tests.fakes import RAW_KEY, MemoryWorld
from tests.receipt import received

ANNA = "anna@example.com"
URL = "https://files.example.com/token"
MAIL = (
    b"From: cam@plant.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\n:Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
    b"--b\r\nContent-Disposition: attachment; filename=gate.csv\r\n\r\n7.4\r\n--b--\r\n"
)


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.JAPANESE, Language.ARABIC])
def test_a_recipient_reads_first_why_the_mail_comes(language: Language) -> None:
    world = MemoryWorld()
    world.relay(received(MAIL), SETTINGS, key=RAW_KEY)
    (stored,) = (world.manifests.load(one) for one in world.manifests.documents)
    assert stored is not None
    appearance = Appearance(language=language)
    mail = renewal_mail(
        stored.manifest,
        ANNA,
        url=URL,
        until=world.now + timedelta(hours=36),
        sender_address="relay@example.com",
        stack="test",
        letterhead=Letterhead(appearance=appearance),
    )
    read = email.message_from_bytes(mail.raw, policy=email.policy.default)
    first = appearance.wording.say(EXPLANATION)[:10]
    for kind in ("plain", "html"):
        body = read.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert 0 <= text.find(first) < text.find("gate.csv")
        assert text.find(first) < text.find(URL)
