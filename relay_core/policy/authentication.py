"""What Amazon SES proved about the sender of a mail (RFC 8601, RFC 7489).

SES checks SPF, DKIM and DMARC of received mail, takes no action, and writes the results on top of
the mail that it stores:

    Return-Path: <…@bounce.plant.example>
    Received: from GREETING (host [192.0.2.7]) by inbound-smtp.REGION.amazonaws.com …
    X-SES-Spam-Verdict, X-SES-Virus-Verdict, Received-SPF
    Authentication-Results: amazonses.com;
     spf=pass (spfCheck: …) client-ip=192.0.2.7; envelope-from=REVERSE-PATH; helo=GREETING;
     dkim=pass header.i=@plant.example;
     dmarc=pass header.from=plant.example;
    X-SES-RECEIPT: …

Below are the sender's fields, which may have the same names. The reverse-path and the greeting are
chosen by the sender too, and are in the middle of the results: many servers accept
`EHLO a;dkim=pass`. So the results are read by properties that a sender cannot forge:

* Only fields of the run on top count, each name once, and only those of `amazonses.com`.
* Line breaks: SES begins a line with each method, and no SMTP command has a line break. Where
  lines begin with methods, a method counts only there, and only if it is alone in its line.
* Where all results are in one line, the part after the greeting counts only if both values chosen
  by the sender are plain, in this field and where SES writes each alone (Return-Path, Received).
* A statement counts only if its whole line consists of statements; comments and quoted-strings
  are none.
* The local-part of a signature's `i=` is chosen by the signer (RFC 6376 section 3.5): DKIM counts
  only if the domain after its only at-sign is the one that signed.
* "dmarc=fail" counts anywhere: a sender who forges it causes only a refusal.

A mail is authenticated if DMARC passed for the domain of its author, or DKIM or SPF passed for a
domain that is aligned with it (RFC 7489 section 3.1, relaxed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from relay_core.addresses.mailbox import InvalidAddress, domain_of, parse_domain
from relay_core.mime.header import Header, HeaderField

from .author import find_author


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The author of a mail, and whether it is authenticated.

    `author` is the addr-spec of the one mailbox in From, or None. `authenticated` says that SES
    proved the domain of the author; or, of a mail without one, that of its reverse-path.
    """

    author: str | None
    authenticated: bool

    @property
    def proven_author(self) -> str | None:
        """The author, if SES proved its domain; else None. Decisions use only this one."""
        return self.author if self.authenticated else None


def find_origin(header: Header) -> Origin:
    """The author of a mail, and whether SES proved it."""
    author = find_author(header)
    return Origin(author=author, authenticated=is_authenticated(author, read_results(header)))


def is_authenticated(author: str | None, results: Results) -> bool:
    """Whether the results prove that a mail is from the domain of `author`.

    A mail whose From has no single author claims no address that could be forged. It is
    authenticated if SPF passed for its reverse-path.
    """
    if results.dmarc_failed:
        return False
    if author is None:
        return results.spf is not None
    domain = domain_of(author)
    proven = {*results.dkim, *([results.spf] if results.spf else [])}
    return domain == results.dmarc or any(is_aligned(domain, one) for one in proven)


# --- alignment ----------------------------------------------------------------------------------

# Second-level names under which country registries register domains: co.uk, com.au, or.jp.
_REGISTRIES = frozenset(
    {
        *("ac", "ad", "asn", "asso", "biz", "co", "com", "ed", "edu", "firm", "gen", "go", "gob"),
        *("gouv", "gov", "govt", "gr", "id", "ind", "info", "int", "ltd", "me", "mil", "muni"),
        *("name", "ne", "net", "nhs", "nic", "nom", "or", "org", "plc", "police", "pro", "sch"),
        *("school", "store", "tm", "web"),
    }
)


def is_aligned(domain: str, other: str) -> bool:
    """Whether two domains have the same owner: they are equal, or one is below the other.

    Relaxed alignment compares organisational domains (RFC 7489 section 3.2), which needs the
    public suffix list. Without that list, sibling domains are not aligned, and no domain is
    aligned with a public suffix above it. Domains are in lower-case ASCII.
    """
    if domain == other:
        return True
    upper, lower = sorted((domain, other), key=len)
    return lower.endswith(f".{upper}") and not _is_public_suffix(upper)


def _is_public_suffix(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) == 1:
        return True
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES


# --- the results --------------------------------------------------------------------------------


class Results(NamedTuple):
    """The domains for which each method passed, in lower-case ASCII; empty where none did."""

    spf: str | None = None
    dkim: tuple[str, ...] = ()
    dmarc: str | None = None
    dmarc_failed: bool = False


_NONE = Results()
_RUN = frozenset(
    {
        *("return-path", "received", "x-ses-spam-verdict", "x-ses-virus-verdict"),
        *("received-spf", "authentication-results"),
    }
)
_MAX_FIELD = 10_000  # characters; SES's field has some hundreds, partly chosen by the sender


def has_receipt(header: Header) -> bool:
    """Whether SES has received the mail: whether a field of SES is on top of it."""
    run = _fields_of_ses(header)
    received = run.get("received")
    return (
        not run.keys().isdisjoint({"x-ses-spam-verdict", "x-ses-virus-verdict"})
        or (received is not None and b" by inbound-smtp" in header.value(received))
        or _results_of_ses(header, run) is not None
    )


def read_results(header: Header) -> Results:
    """SES's results about the sender; empty if there are none that can be read."""
    run = _fields_of_ses(header)
    text = _results_of_ses(header, run)
    if text is None or len(text) > _MAX_FIELD:
        return _NONE
    words = _SendersWords.of(header, run)
    found = list(_statements(text, words))
    dmarc = [one for one in found if one.method == "dmarc"]
    dkim = [one for one in found if one.method == "dkim"]
    return Results(
        spf=_spf_domain([one for one in found if one.method == "spf"], words),
        # "none" means that there is no signature: together with "pass", one of them is forged.
        dkim=() if any(one.result == "none" for one in dkim) else tuple(_dkim_domains(dkim)),
        dmarc=_domain(dmarc[0].properties.get("header.from", ""))
        if len(dmarc) == 1 and dmarc[0].result == "pass"
        else None,
        dmarc_failed="fail" in text and _DMARC_FAILED.search(text) is not None,
    )


def _fields_of_ses(header: Header) -> Mapping[str, HeaderField]:
    """The run of SES's fields on top: it ends at another name, or at a repeated one."""
    run: dict[str, HeaderField] = {}
    for field in header.fields:
        if field.name not in _RUN or field.name in run:
            break
        run[field.name] = field
    return run


_AUTHSERV_ID = re.compile(r"\s*+amazonses\.com(?:[ \t]++[0-9]++)?\s*+(?:;|\Z)")


def _results_of_ses(header: Header, run: Mapping[str, HeaderField]) -> str | None:
    """The text after SES's authserv-id, folds included; None where SES has written none.

    In lower case: methods, results, properties and domains are compared without regard to case.
    """
    field = run.get("authentication-results")
    if field is None:
        return None
    # Not decoded: an encoded-word in it is from the sender, and must not become a result.
    text = header.raw[field.value_start : field.value_end].decode("latin-1").lower()
    match = _AUTHSERV_ID.match(text)
    return text[match.end() :] if match else None


_PLAIN = r"[^\s;\"()<>]*+"
_GREETING = re.compile(r"from (?P<word>\S++)(?:(?P<host> \()|\s|\Z)")
_PLAIN_WORD = re.compile(rf"{_PLAIN}\Z")
_REVERSE_PATH = re.compile(rf"<?({_PLAIN})>?\Z")


class _SendersWords(NamedTuple):
    """The sender's reverse-path and greeting from SES's other fields; None for one not plain.

    `greeting` is "" where Received does not quote it.
    """

    reverse_path: str | None
    greeting: str | None

    @classmethod
    def of(cls, header: Header, run: Mapping[str, HeaderField]) -> _SendersWords:
        def value(name: str) -> str:
            return header.value(run[name]).decode("latin-1").lower() if name in run else ""

        path = _REVERSE_PATH.match(value("return-path"))
        greeting = _GREETING.match(value("received"))
        if greeting is None:
            return cls(path and path[1], "")
        if not _PLAIN_WORD.match(greeting["word"]):
            return cls(path and path[1], None)
        return cls(path and path[1], greeting["word"] if greeting["host"] else "")


class _Statement(NamedTuple):
    """One method's result, and its properties, by name."""

    method: str
    result: str
    properties: Mapping[str, str]


_METHOD_BEGINS_A_LINE = re.compile(r"\n[ \t]++(?:spf|dkim|dmarc)\s*+=")
_STATEMENT = re.compile(
    r"\s*+(?P<method>[a-z][a-z0-9-]*+)\s*+=\s*+(?P<result>[a-z]++)"
    r"(?:\s++\((?:[^()]++|\([^()]*+\))*\))?"
    rf"(?P<properties>(?:\s++(?:header|smtp|policy)\.[a-z-]++={_PLAIN})*)(?:\s++reason={_PLAIN})?"
)
_PROPERTY = re.compile(r"(\S+?)=(\S*)")
_REST = re.compile(r"\s*+\Z")
_END = re.compile(r"\s*+(?:;(?=\s|\Z)|\Z)")
# SES writes the sender's reverse-path and greeting after SPF's result.
_ENVELOPE = re.compile(
    rf"\s++client-ip={_PLAIN};\s++envelope-from=(?P<reverse_path>{_PLAIN});"
    rf"\s++helo=(?P<greeting>{_PLAIN})"
)
_DMARC_FAILED = re.compile(r"dmarc\s*+=\s*+fail")


def _statements(text: str, words: _SendersWords) -> Iterator[_Statement]:
    if _METHOD_BEGINS_A_LINE.search(text):
        for line in text.split("\n"):
            found = list(_statements_of(line, None))
            yield from found if len(found) == 1 else ()
    else:
        yield from _statements_of(text, words)


def _statements_of(line: str, words: _SendersWords | None) -> Iterator[_Statement]:
    """The statements of a line.

    The line is read beyond the sender's words if `words` says that they are plain. If the line
    cannot be read to its end, only SPF's statement before the sender's words counts.
    """
    found: list[_Statement] = []
    position = 0
    while not _REST.match(line, position):
        match = _STATEMENT.match(line, position)
        if match is None:
            return
        position = match.end()
        properties = dict(_PROPERTY.findall(match["properties"])) if match["properties"] else {}
        if envelope := _ENVELOPE.match(line, position):
            properties["envelope-from"] = envelope["reverse_path"]
        statement = _Statement(match["method"], match["result"], properties)
        if statement.method == "spf" and not found:
            yield statement
        else:
            found.append(statement)
        if envelope and words and _are_plain(words, envelope["greeting"]):
            position = envelope.end()
        end = _END.match(line, position)
        if end is None:
            return
        position = end.end()
    yield from found


def _are_plain(words: _SendersWords, greeting: str) -> bool:
    return words.reverse_path is not None and words.greeting in {"", greeting}


def _spf_domain(found: list[_Statement], words: _SendersWords) -> str | None:
    """The domain of the reverse-path, if SPF passed and all fields agree on it."""
    if len(found) != 1 or found[0].result != "pass" or words.reverse_path is None:
        return None
    properties = found[0].properties
    # For a path with two @, or none, it is unknown which domain SPF was checked for.
    domains = {_domain(words.reverse_path.partition("@")[2])}
    for path in filter(None, map(properties.get, _PATH_PROPERTIES)):
        domains.add(_domain(path.partition("@")[2] or path))
    return domains.pop() if len(domains) == 1 else None


_PATH_PROPERTIES = ("smtp.mailfrom", "envelope-from")


def _dkim_domains(found: list[_Statement]) -> Iterator[str]:
    for one in found:
        if one.result == "pass" and (domain := _signer(one.properties)):
            yield domain


def _signer(properties: Mapping[str, str]) -> str | None:
    """The domain that signed; None if it is not certain which part SES wrote."""
    if sum("@" in value for value in properties.values()) > 1:
        return None
    signer = _domain(properties.get("header.d", ""))
    if "header.i" not in properties:
        return signer
    _, _, identity = properties["header.i"].partition("@")
    if "header.d" not in properties:
        return _domain(identity)
    # RFC 6376 section 3.5: the identity's domain is the signer's, or below it.
    below = f".{_domain(identity)}"
    return signer if signer and below.endswith(f".{signer}") else None


@lru_cache(maxsize=64)  # each mail's results name the same few domains
def _domain(text: str) -> str | None:
    try:
        return parse_domain(text)
    except InvalidAddress:
        return None
