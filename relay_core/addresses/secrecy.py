"""The inbound address is a secret: it is found in any spelling, and removed from outgoing text.

Everybody who knows the address that devices send to can try to send mail through the relay. But
devices print it: into a subject, a log line, a display name or a field of their own. So each text
is searched for it before it is sent, and `MARK` replaces it.

An address can be encoded in many ways that some mail program decodes. These are found, mixed in
any way, in plain text and in the source of HTML:

* letters of either case, full-width forms, and the dots of IDNA;
* percent-encoding (RFC 3986 section 2.1), also when it was encoded again;
* character references of HTML, by number or by name, also when they were escaped again;
* quoted-printable and the escapes of JSON and JavaScript, where they are in a decoded text;
* tags, comments of HTML, soft line breaks and invisible characters between any two letters;
* white space and comments (RFC 5322 section 3.2.2) around the at-sign and the dots, quotes around
  the local-part, and a subaddress (`local+detail@domain`), which SES delivers to the same rule.

Transfer encodings, charsets and encoded-words are undone by whoever asks. Other encodings of the
sender's own, base64 within a text for instance, are not looked into.

The local-part alone counts too if no text holds it by chance: `MIN_DISTINCTIVE` characters or more
with a digit among them. The domain can be looked up by anybody, so it is no secret alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

MARK = "[address removed]"
"""What takes the place of the address."""

MIN_DISTINCTIVE = 12
"""How long a local-part is, at the least, that means the address wherever it stands."""

# An at-sign in any spelling. One class of characters first: a search for it is fast.
_AT_SIGN = (
    r"[@\uff20\ufe6b%&=\\](?:(?<=[@\uff20\ufe6b])|(?<=%)(?:25){0,4}40"
    r"|(?<=&)(?:amp;){0,4}(?:#0{0,8}64;?|#x0{0,8}40;?|commat;)|(?<==)40|(?<=\\)(?:u00|x)40)"
)
_INVISIBLE = r"\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_HIDDEN = (
    rf"[{_INVISIBLE}]++|=\r?\n|<!--[^>]{{0,300}}>|</?[a-z][^<>]{{0,300}}>"
    r"|&(?:amp;){0,4}(?:shy|zwn?j|ZeroWidthSpace|NoBreak|#0{0,8}(?:173|820[3-7]|8288|65279)"
    r"|#x0{0,8}(?:ad|200[b-f]|2060|feff));?"
)
_BETWEEN = rf"(?:{_HIDDEN})*"
_AROUND = rf"(?:{_HIDDEN}|[ \t\r\n\xa0]{{1,4}}+|\([^()]{{0,100}}\))*"
_DETAIL = r"(?:[^@\s<&]|<[^<>]{0,300}>|&[#\w]{1,12}+;?){0,120}"
_QUOTE = r"""(?:["'\\]|&(?:quot|apos|\#39|\#34);?)?"""
_NAMES = {".": "period", "-": "hyphen", "_": "lowbar", "+": "plus"}
_OTHERS = {".": "\u3002\uff61\ufe52"}
_CONTINUES = "%&=\\\\<(\\[\"' \\t\\r\\n\\x80-\\U0010ffff"
"""What a domain may begin with, other than its first character."""
_MAX_CHARACTER_LENGTH = 30  # characters that one of an address takes when it is written otherwise
_MAX_CHARACTERS_BETWEEN = 1000


@lru_cache(maxsize=256)
def _character(character: str) -> str:
    """A pattern of every spelling of one printable ASCII character."""
    both = sorted({character.lower(), character.upper()})
    wide = "".join(chr(ord(one) + 0xFEE0) for one in both)
    literal = "".join(map(re.escape, both)) + wide + _OTHERS.get(character, "")
    decimal = "|".join(str(ord(one)) for one in both)
    hexadecimal = "|".join(f"{ord(one):02x}" for one in both)
    name = f"|{_NAMES[character]};" if character in _NAMES else ""
    return (
        rf"(?:[{literal}]|%(?:25){{0,4}}(?:{hexadecimal})|=(?:{hexadecimal})"
        rf"|&(?:amp;){{0,4}}(?:#0{{0,8}}(?:{decimal});?|#x0{{0,8}}(?:{hexadecimal});?{name})"
        rf"|\\(?:u00|x)(?:{hexadecimal}))"
    )


def _word(text: str) -> str:
    """A pattern of every spelling of a local-part or a domain."""
    pattern = _character(text[0])
    for last, one in pairwise(text):
        pattern += (_AROUND if "." in (last, one) else _BETWEEN) + _character(one)
    return pattern


@dataclass(frozen=True)
class _Address:
    """One secret address, and the patterns of its two halves, made when they are needed."""

    local_part: str
    domain: str
    starts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, addr_spec: str) -> _Address:
        local_part, _, domain = addr_spec.lower().rpartition("@")
        return cls(local_part, domain, frozenset(one[:1] for one in _forms(domain)))

    @cached_property
    def signs(self) -> re.Pattern[str]:
        """At-signs, but for those behind which the address of somebody else goes on."""
        first = "".join(map(re.escape, sorted(self.starts)))
        return re.compile(rf"{_AT_SIGN}(?=[{first}{_CONTINUES}])", re.IGNORECASE)

    @cached_property
    def before(self) -> re.Pattern[str]:
        subaddress = rf"(?:{_character('+')}{_DETAIL})?"
        pattern = _word(self.local_part) + _BETWEEN + subaddress + _QUOTE + _AROUND
        return re.compile(rf"{_QUOTE}{pattern}\Z", re.IGNORECASE)

    @cached_property
    def after(self) -> re.Pattern[str]:
        forms = "|".join(_word(one) for one in _forms(self.domain))
        return re.compile(rf"{_AROUND}{_QUOTE}\[?(?:{forms})", re.IGNORECASE)

    @cached_property
    def reach(self) -> int:
        """How many characters before an at-sign the local-part can begin."""
        return len(self.local_part) * _MAX_CHARACTER_LENGTH + _MAX_CHARACTERS_BETWEEN

    @cached_property
    def distinctive(self) -> re.Pattern[str] | None:
        local_part = self.local_part
        if len(local_part) < MIN_DISTINCTIVE or not any(one.isdigit() for one in local_part):
            return None
        return re.compile(re.escape(local_part), re.IGNORECASE)

    def spans_in(self, text: str) -> list[tuple[int, int]]:
        """Where the address stands, in order of its at-signs."""
        found: list[tuple[int, int]] = []
        behind_last = 0
        for sign in self.signs.finditer(text):
            start, end = sign.span()
            # No local-part reaches back over another at-sign: so much less to look at.
            window, behind_last = max(behind_last, start - self.reach), end
            domain = self.after.match(text, end)
            local_part = domain and self.before.search(text, window, start)
            if domain and local_part:
                found.append((local_part.start(), domain.end()))
        if self.distinctive is not None:
            found += (match.span() for match in self.distinctive.finditer(text))
        return found


def _forms(domain: str) -> tuple[str, ...]:
    """The domain in ASCII, and as people of its language write it."""
    try:
        shown = domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        shown = domain
    return (domain,) if shown == domain else (domain, shown)


@lru_cache(maxsize=16)
def _address(addr_spec: str) -> _Address:
    return _Address.of(addr_spec)


def conceal(text: str, secrets: tuple[str, ...]) -> str:
    """The text with `MARK` in the place of each of the secret addresses, however it is spelled.

    `secrets` are addr-specs. A text without any is returned as it is.
    """
    spans: list[tuple[int, int]] = []
    for one in secrets:
        spans += _address(one).spans_in(text)
    if not spans:
        return text
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start >= position:
            pieces += [text[position:start], MARK]
        position = max(position, end)
    return "".join([*pieces, text[position:]])


def is_spelled_in(content: bytes, secrets: tuple[str, ...]) -> bool:
    """Whether bytes that nobody decodes spell one of the secret addresses."""
    text = content.decode("latin-1") if secrets else ""
    return conceal(text, secrets) != text
