"""`python -m tests.core.mislabelling`: how often a text's encoding is misjudged.

The texts are generated: words, figures, addresses and markup in five languages, random bytes,
base64 of eight widths with and without padding.
"""

# ruff: noqa: S311, SIM905, T201 - words picked at random; it prints

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.mime.decoding import decode_content
from relay_core.mime.mislabelled import real_encoding
from relay_core.mime.transfer_encoding import TransferEncoding

CODE = ":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
WORDS = (
    "alarm boiler pressure high low door open closed motion detected at gate north camera disk"
    " full report level water temperature 21.5 30 7 error ok on the is in for please check now"
    " Störung für Kühlraum überhitzt Pumpe läuft nicht Тревога датчик движение насос 警報 温度"
    " PUMP FAULT UPS BATTERY a=1 id=41 x=7F2 http://10.0.0.7/cam?id=3&t=99 sensor_7 <b>hot</b>"
).split()


class Taken(NamedTuple):
    """The numbers of texts `tried` and read wrongly; `example` is a wrong one."""

    tried: int
    wrong: int
    example: bytes = b""


def taken(texts: list[bytes], declared: TransferEncoding, real: TransferEncoding) -> Taken:
    """Read the texts under a label; the real encoding of all is `real`."""
    wrong = [text for text in texts if found(text, declared) is not real]
    return Taken(len(texts), len(wrong), wrong[0] if wrong else b"")


def found(content: bytes, declared: TransferEncoding) -> TransferEncoding:
    return real_encoding(b"xx" + content + b"yy", Span(2, 2 + len(content)), declared)


def prose(pick: random.Random) -> str:
    """A text as devices write them: words, figures, sometimes markup, sometimes a code."""
    lines = [
        " ".join(pick.choices(WORDS, k=pick.randint(1, 12))) for _ in range(pick.randint(1, 12))
    ]
    if pick.random() < 0.5:
        lines.insert(pick.randint(0, len(lines)), CODE)
    return "\r\n".join(lines) + "\r\n"


def base64_of(pick: random.Random, content: bytes) -> bytes:
    """Base64 as mailers, scripts and gateways write it."""
    width = pick.choice([4, 8, 20, 57, 60, 64, 72, 76, 10_000])
    encoded = base64.b64encode(content)
    if pick.random() < 0.3:
        encoded = encoded.rstrip(b"=")
    line_break = pick.choice([b"\r\n", b"\n", b"\r\n ", b" \r\n"])
    return line_break.join(encoded[at : at + width] for at in range(0, len(encoded), width))


def base64_for_prose(count: int) -> Taken:
    pick = random.Random(17)
    codecs = ["utf-8", "utf-8", "utf-16", "gb18030"]

    def content() -> bytes:
        text = prose(pick).encode(pick.choice(codecs))
        return pick.randbytes(pick.randint(1, 3000)) if pick.random() < 0.3 else text

    texts = [base64_of(pick, content()) for _ in range(count)]
    return taken(texts, TransferEncoding.BASE64, TransferEncoding.BASE64)


def prose_for_base64(count: int) -> Taken:
    pick = random.Random(18)
    texts = [prose(pick).encode() for _ in range(count)]
    return taken(texts, TransferEncoding.BASE64, TransferEncoding.EIGHT_BIT)


def quoted_printable_for_prose(count: int) -> Taken:
    pick = random.Random(19)
    texts = [
        quopri.encodestring(prose(pick).encode().replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        for _ in range(count)
    ]
    return taken(texts, TransferEncoding.QUOTED_PRINTABLE, TransferEncoding.QUOTED_PRINTABLE)


def prose_for_quoted_printable(count: int) -> Taken:
    """Prose that is changed if it is decoded as quoted-printable."""
    pick = random.Random(20)
    texts = []
    for _ in range(count):
        text = prose(pick).encode()
        decoded = decode_content(text, Span(0, len(text)), TransferEncoding.QUOTED_PRINTABLE)
        if b"".join(decoded) != text:
            texts.append(text)
    return taken(texts, TransferEncoding.QUOTED_PRINTABLE, TransferEncoding.EIGHT_BIT)


KINDS: Mapping[str, Callable[[int], Taken]] = {
    "base64 taken for prose": base64_for_prose,
    "prose taken for base64": prose_for_base64,
    "quoted-printable taken for prose": quoted_printable_for_prose,
    "prose taken for quoted-printable": prose_for_quoted_printable,
}

if __name__ == "__main__":
    for kind, measure in KINDS.items():
        tried, wrong, example = measure(20_000)
        print(f"{kind:34} {wrong:4} of {tried:,}  {example[:60]!r}")
