"""What the label of a charset means.

Labels mean what the WHATWG Encoding Standard says (section 4.2), which is how mail is really
written: `gb2312` is GB18030, `euc-kr` is CP949, `shift_jis` is CP932, and `iso-8859-1` with bytes
80 to 9F is Windows-1252. The standard knows fewer charsets than mail does; any other label means
what Python's registry of codecs makes of it.

A charset goes by the name of Python's codec, with the exceptions of `charsets`.
"""

from __future__ import annotations

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache

_LABELS = {
    "ansi": "cp1252",
    "unicode": "utf-8",
    "x-unicode": "utf-8",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8n": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "csunicode": "utf-16",
    "unicodefeff": "utf-16",
    "unicodefffe": "utf-16-be",
    "ucs-4": "utf-32",
    "iso-10646-ucs-4": "utf-32",
    "csiso88596e": "iso8859-6",
    "csiso88596i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-6-i": "iso8859-6",
    "sun_eu_greek": "iso8859-7",
    "csiso88598e": "iso8859-8",
    "csiso88598i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "csisolatin9": "iso8859-15",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "csmacintosh": "mac-roman",
    "mac": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "mac-cyrillic": "mac-cyrillic",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "dos-874": "cp874",
    "csgb2312": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "cn-gb": "gb18030",
    "cn-big5": "cp950",
    "x-x-big5": "cp950",
    "cseucpkdfmtjapanese": "euc_jp",
    "eucjp-ms": "euc_jp",
    "eucjp-win": "euc_jp",
    "cp51932": "euc_jp",
    "iso-2022-jp-ms": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "ms932": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "ms-cp932": "cp932",
    "cseuckr": "cp949",
    "csksc56011987": "cp949",
    "iso-ir-149": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
}
"""Labels that Python does not know, or takes for another charset."""

# Spellings of families of names, each with the codec that they mean.
_SPELLINGS = (
    (re.compile(r"(?:x-)?(?:cp|windows|win|ms|ibm|dos)[-_ ]?(\d{3,5})\Z"), "cp{}"),
    (re.compile(r"(?:x-)?(?:iso[-_ ]?)?8859[-_ ]?(\d\d?)(?:[-_:]\D.*|:\d+)?\Z"), "iso8859-{}"),
    (re.compile(r"(?:x-)?iso8859(\d\d?)\Z"), "iso8859-{}"),
    (re.compile(r"(?:x-)?latin[-_ ]?(\d\d?)\Z"), "latin{}"),
    (re.compile(r"(?:x-)?koi8[-_ ]?([rut])\Z"), "koi8-{}"),
    (re.compile(r"x-(.+)\Z"), "{}"),
)

_WIDER = {
    "gb2312": ("gb18030", "cp936"),
    "gbk": ("gb18030", "cp936"),
    "gb18030": ("gb18030", "cp936"),
    "euc_kr": ("cp949",),
    "shift_jis": ("cp932",),
    "big5": ("cp950", "big5hkscs"),
    "cp950": ("cp950", "big5hkscs"),
    "big5hkscs": ("big5hkscs", "cp950"),
    "euc_jp": ("euc_jp", "cp51932"),
    "iso2022_jp": ("iso2022_jp", "cp50220"),
    "iso2022_jp_1": ("iso2022_jp_1", "cp50220"),
    "iso2022_jp_2": ("iso2022_jp_2", "cp50220"),
    "iso2022_jp_ext": ("iso2022_jp_ext", "cp50220"),
    "iso8859-1": ("iso8859-1", "cp1252"),
    "iso8859-9": ("iso8859-9", "cp1254"),
    "iso8859-11": ("iso8859-11", "cp874"),
    "tis-620": ("tis-620", "cp874"),
}
"""What is meant by a charset that programs write a wider one for; the likeliest first."""

NARROW = frozenset({"iso8859-1", "iso8859-9", "iso8859-11", "tis-620"})
"""Charsets in which bytes 80 to 9F are no text: a wider one is meant then."""


def known_charset(label: str) -> str | None:
    """The name of the charset that a label means, or None if there is none.

    Understands the spellings that devices use (`cp-850`, `ANSI`, `latin-9`); codecs that are not
    charsets (`rot13`, `base64`) do not count.
    """
    return next(iter(charsets_of(label)), None)


def charsets_of(label: str) -> tuple[str, ...]:
    """The charsets that a label may mean, the likeliest first; none if nobody knows it."""
    if len(label) > _MAX_LABEL:
        return ()
    codec = _codec_of(label)
    return () if codec is None else _WIDER.get(codec, (codec,))


_MAX_LABEL = 100
_AROUND_LABEL = " \t\"'"
_AFTER_LABEL = re.compile("[\"';]")
"""No label holds one of these: where a quote was forgotten, the label is what is before them."""


@lru_cache(maxsize=64)  # all mail together names few charsets
def _codec_of(label: str) -> str | None:
    word = (
        _AFTER_LABEL.split(label.strip(_AROUND_LABEL), maxsplit=1)[0].strip(_AROUND_LABEL).lower()
    )
    if word in _LABELS:
        return _LABELS[word]
    if codec := registered_codec(word):
        return codec
    for pattern, codec in _SPELLINGS:
        if match := pattern.match(word):
            plain = codec.format(match[1])
            if found := _LABELS.get(plain) or registered_codec(plain):
                return found
    return None


def registered_codec(word: str) -> str | None:
    """The codec that Python's registry has by this name (lower case), or None."""
    # Asking codecs for a name that nobody knows costs an import, and is remembered for good.
    normal = normalize_encoding(word)
    if normal not in _CODECS and normal.replace(".", "_") not in _CODECS:
        return None
    try:
        info = codecs.lookup(normal)  # the word itself may hold anything, a NUL for instance
    except LookupError:
        return None
    # Private, but the only mark that distinguishes text encodings from bytes-to-bytes codecs.
    is_text = bool(getattr(info, "_is_text_encoding", True))
    return info.name if is_text and info.name not in _NOT_CHARSETS else None


_CODECS = frozenset(
    {
        *aliases,
        *aliases.values(),
        *("cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "cp65001", "koi8_t", "koi8_u"),
        *("mac_arabic", "mac_croatian", "mac_farsi", "mac_romanian", "utf_8_sig"),
    }
)
"""All names that Python's registry of codecs can know, without asking it."""

_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}
)
