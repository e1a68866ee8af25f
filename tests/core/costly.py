"""Mails that are costly for their size: ordinary ones, and hostile ones.

`SHAPES` maps a name to a function from a number of repetitions to the bytes of a mail; each mail
has a recipient code. `sized(name, size)` gives a mail of about that many bytes. The shapes of
`tests.core.adversarial` test how time grows with the size; these test the cost of a byte.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

MARKER = b"Email_Rxers_Code"
RECIPIENT = b"guard@example.org"
CODE = b":" + MARKER + b":" + RECIPIENT + b":" + MARKER + b":"

Shape = Callable[[int], bytes]

_HTML = b"Content-Type: text/html; charset=utf-8\r\n"
_PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n"
_ROW = b"<tr><td>21.5</td><td>ok</td></tr>"
_LOG = b"2026-11-29 04:00:01 temp=21.5 ok\r\n"
_SMILE = "\U0001f600".encode()


def _mail(fields: bytes, body: bytes) -> bytes:
    return b"From: sensor@plant.example\r\nSubject: alarm\r\nMIME-Version: 1.0\r\n%b\r\n%b" % (
        fields,
        body,
    )


def _html(body: bytes) -> bytes:
    return _mail(_HTML, b"<p>" + CODE + b"</p>\r\n" + body)


def _plain(body: bytes, *, fields: bytes = _PLAIN) -> bytes:
    return _mail(fields, CODE + b"\r\n" + body)


def _mixed(parts: bytes) -> bytes:
    first = b"--b\r\n\r\n" + CODE + b"\r\n"
    return _mail(b"Content-Type: multipart/mixed; boundary=b\r\n", first + parts + b"--b--\r\n")


def _lists(words: Callable[[int], bytes], n: int, *, each: int) -> bytes:
    """Codes with `n` words in all, `each` to a code, and prose between them."""
    codes = (
        b":%b:%b:%b:" % (MARKER, b",".join(map(words, range(i, min(i + each, n)))), MARKER)
        for i in range(0, n, each)
    )
    return b"\r\n\r\nwords in between\r\n\r\n".join([CODE, *codes])


def _parts(fields: bytes, line: bytes, n: int, *, each: int) -> bytes:
    """Parts with `n` lines in all, at most `each` in one."""
    opening = b"--b\r\n" + fields + b"\r\n"
    return b"".join(opening + line * min(each, n - i) for i in range(0, n, each))


def _pieces(levels: int) -> bytes:
    """A code in pieces around another one, `levels` deep."""
    before, after = b":" + MARKER[:5], MARKER[5:] + b":@x:" + MARKER + b":"
    return before * levels + CODE + after * levels


def _encoded(text: str, charset: str) -> bytes:
    fields = f"Content-Type: text/plain; charset={charset}\r\n".encode()
    content = base64.encodebytes((CODE.decode() + "\r\n" + text).encode(charset))
    return _mail(fields + b"Content-Transfer-Encoding: base64\r\n", content)


def _name(number: int, size: int) -> bytes:
    """A name of bytes that are valid in no charset, different for each number."""
    return bytes(0xA1 + (number * 31 + place * place) % 94 for place in range(size))


def _words(label: bytes, n: int, *, first: int = 0) -> bytes:
    """Encoded-words of bytes that are invalid under the label, with prose between them."""
    return b"".join(
        b"=?%b?q?=%02x=%02x=%02x?= x" % (label, 128 + i % 128, 128 + i * 7 % 128, 128 + i % 113)
        for i in range(first, first + n)
    )


# "vendor rows" are circled numbers and the like, which Python's codecs do not know.
_EUC_JP = b"\xad\xa1\xad\xeaok"
_ISO_2022_JP = b"\x1b$B-!-j\x1b(Bok"
_CHARSETS = [
    *(b"iso-8859-%d" % number for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(b"windows-%d" % number for number in (1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)),
    *(b"gb18030", b"big5", b"euc-kr", b"johab", b"shift_jis", b"euc-jp", b"hz", b"koi8-r"),
]
_MANY_LABELS = b"".join(
    b"--b\r\nContent-Type: text/plain; charset=%b\r\n\r\nx\r\n" % one for one in _CHARSETS
)

_QUOTED = _PLAIN + b"Content-Transfer-Encoding: quoted-printable\r\n"
_BASE64 = (
    b"--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)
_IMAGE = b"--b\r\nContent-Type: image/png\r\nContent-ID: <1@x>\r\n\r\nx\r\n"
_CSV = b"--b\r\nContent-Type: text/csv; charset=utf-8\r\n\r\n"

SHAPES: dict[str, Shape] = {
    # Ordinary mails of devices, only longer.
    "base64 attachment": lambda n: _mixed(
        _BASE64 + base64.encodebytes(bytes(range(57))) * n + b"\r\n"
    ),
    "log": lambda n: _plain(_LOG * n),
    "log with one emoji": lambda n: _plain(_SMILE + b"\r\n" + _LOG * n),
    "log, code at the end": lambda n: _mail(_PLAIN, _LOG * n + CODE + b"\r\n"),
    "log in UTF-16": lambda n: _encoded(_LOG.decode() * n, "utf-16"),
    "log in base64": lambda n: _encoded(_LOG.decode() * n, "utf-8"),
    "log in quoted-printable": lambda n: _plain(_LOG.replace(b"=", b"=3D") * n, fields=_QUOTED),
    "log that is no file": lambda n: _mixed(_CSV + _LOG * n),
    "HTML table": lambda n: _html(b"<table>" + (_ROW + b"\r\n") * n + b"</table>"),
    "HTML table in one line": lambda n: _html(b"<table>" + _ROW * n + b"</table>"),
    "HTML table, code at the end": lambda n: _mail(
        _HTML, b"<table>" + (_ROW + b"\r\n") * n + b"</table><p>" + CODE + b"</p>"
    ),
    # Lines and characters.
    "short lines": lambda n: _plain(b"ab\r\n" * n),
    "empty lines": lambda n: _plain(b"\r\n" * n),
    "lines that end in CR": lambda n: _plain(b"ab\r" * n),
    "mixed line ends": lambda n: _plain(b"ab\rcd\n" * n),
    "blank lines": lambda n: _plain(b"a  \r\n" * n),
    "NUL in each line": lambda n: _plain(b"ab\0\r\n" * n),
    "one line": lambda n: _plain(b"a" * n),
    "one line of umlauts": lambda n: _plain("ä".encode() * n),
    "one line of emoji": lambda n: _plain(_SMILE * n),
    "zero-width spaces": lambda n: _plain("a\u200b".encode() * n),
    "not UTF-8": lambda n: _plain(b"ab\xff\r\n" * n),
    "UTF-7": lambda n: _plain(b"+AGEAYg-" * n, fields=_PLAIN.replace(b"utf-8", b"utf-7")),
    "short lines in UTF-16": lambda n: _encoded("ab\r\n" * n, "utf-16"),
    # Charsets and labels.
    "texts in EUC-JP with vendor rows": lambda n: _mixed(
        _parts(_PLAIN.replace(b"utf-8", b"euc-jp"), _EUC_JP, n, each=40_000)
    ),
    "texts in ISO-2022-JP with vendor rows": lambda n: _mixed(
        _parts(_PLAIN.replace(b"utf-8", b"iso-2022-jp"), _ISO_2022_JP, n, each=20_000)
    ),
    "text in no charset among many": lambda n: _mixed(
        _MANY_LABELS + b"--b\r\nContent-Type: text/plain\r\n\r\n" + _name(0, 94) * n + b"\r\n"
    ),
    "documents in no charset": lambda n: _mixed(
        _parts(b"Content-Type: text/html\r\n", b"<!--\xff-->", n, each=900)
    ),
    # Transfer encodings.
    "equals signs": lambda n: _plain(b"=" * n, fields=_QUOTED),
    "soft line breaks": lambda n: _plain(b"=\n" * n, fields=_QUOTED),
    "escapes": lambda n: _plain(b"=41" * n, fields=_QUOTED),
    "blanks before soft line breaks": lambda n: _plain(b"a \t=\r\n" * n, fields=_QUOTED),
    "padded base64": lambda n: _mixed(_BASE64 + b"QQ==\r\n" * n),
    "base64 in short lines": lambda n: _mixed(_BASE64 + b"QUFB\r\n" * n),
    "texts that are not the base64 they say": lambda n: _mixed(
        _parts(
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n",
            b"A b c\r\n",
            n,
            each=2000,
        )
    ),
    "footers behind base64": lambda n: _mixed(
        _parts(
            b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n",
            b"A B\n",
            n,
            each=1000,
        )
    ),
    "binary signature": lambda n: _mixed(
        b"--b\r\nContent-Type: application/pgp-signature\r\nContent-Transfer-Encoding: binary"
        b"\r\n\r\n" + bytes(range(256)) * n + b"\r\n"
    ),
    # HTML.
    "opened tags": lambda n: _html(b"<b>" * n),
    "empty elements": lambda n: _html(b"<b></b>" * n),
    "line breaks in HTML": lambda n: _html(b"a<br>" * n),
    "paragraphs": lambda n: _html(b"<p>a</p>" * n),
    "character references": lambda n: _html(b"a&lt;" * n),
    "attributes": lambda n: _html(b"<b" + b" a=b" * n + b">"),
    "tags that never end": lambda n: _html(b"<b " * n),
    "angle brackets": lambda n: _html(b"<" * n),
    "scripts": lambda n: _html(b"<script>" * n),
    "comments": lambda n: _html(b"<!--a-->" * n),
    "opened comments": lambda n: _html(b"<!--" * n),
    "ends of the body": lambda n: _html(b"</body>" * n),
    "nested blocks": lambda n: _html(b"<div>" * n + b"</div>" * n),
    "torn code, then tags": lambda n: _mail(_HTML, _pieces(9) + b"<p>" + b"<b>" * n),
    "torn code, then angle brackets": lambda n: _mail(_HTML, _pieces(9) + b"<" * n),
    "torn code, then text": lambda n: _mail(_PLAIN, _pieces(9) + b"\r\n" + b"abcdefgh\r\n" * n),
    "torn code at both ends": lambda n: _mail(
        _HTML, _pieces(9) + b"<b>" * n + b"<p>" + _pieces(9)
    ),
    "torn code around text": lambda n: _mail(
        _PLAIN, b":" + MARKER[:5] + CODE + MARKER[5:] + b":" + b"a@x.org," * n + b":" + MARKER
    ),
    "element around the code": lambda n: _mail(_HTML, b"<p>" * n + CODE + b"</p>" * n + b"<p>end"),
    # Recipient codes.
    "many codes": lambda n: _plain((CODE + b"\r\n") * n),
    "many codes in HTML": lambda n: _html((b"<p>" + CODE + b"</p>") * n),
    "codes in one line": lambda n: _plain(CODE * n),
    "addresses": lambda n: _mail(_PLAIN, _lists(lambda i: b"%x@b.cc" % i, n, each=10_000)),
    "groups": lambda n: _mail(_PLAIN, _lists(lambda i: b"@%x" % i, n, each=10_000)),
    "one-letter words": lambda n: _mail(_PLAIN, _lists(lambda _: b"a", n, each=10_000)),
    "one-letter words in one code": lambda n: _mail(_PLAIN, _lists(lambda _: b"a", n, each=n)),
    "words without commas": lambda n: _mail(
        _PLAIN, CODE + b"\r\n:" + MARKER + b":" + b"a " * n + b":" + MARKER + b":"
    ),
    "one long word": lambda n: _mail(
        _PLAIN, CODE + b"\r\n:" + MARKER + b":" + b"a" * n + b"@x.org:" + MARKER + b":"
    ),
    "quotes in a code": lambda n: _mail(
        _PLAIN, CODE + b"\r\n:" + MARKER + b":" + b'"' * n + b"@x.org:" + MARKER + b":"
    ),
    "long words": lambda n: _mail(_PLAIN, _lists(lambda _: b"a" * 1000, -(-n // 1000), each=20)),
    "codes without an end": lambda n: _plain((b":" + MARKER + b":a@x.org\r\n\r\n") * n),
    "markers": lambda n: _plain((MARKER + b"\r\n") * n),
    "colons": lambda n: _plain(b":" * n),
    "first letters of the marker": lambda n: _plain(b"e " * n),
    "code in the subject": lambda n: _plain(
        b"", fields=_PLAIN + b"X-Long: " + b"\r\n a" * min(n, 100_000) + b"\r\n"
    ),
    # Files and parts.
    "uuencoded files": lambda n: _plain(b"begin 644 a\r\n#0V%T\r\nend\r\n" * n),
    "least uuencoded files": lambda n: _plain(b"begin 644 \n!!\nend\n" * n),
    "one uuencoded file": lambda n: _plain(
        b"begin 644 a\r\n" + (b"M" + b"0V%T" * 15 + b"\r\n") * n + b"end\r\n"
    ),
    "uuencoded files in parts": lambda n: _mixed(
        _parts(_PLAIN, b"begin 644 a\r\n#0V%T\r\nend\r\n", n, each=1000)
    ),
    "uuencoded files in HTML": lambda n: _html(b"begin 644 a\r\n#0V%T\r\nend\r\n" * n),
    "mails as attachments": lambda n: _mixed(
        b"".join(
            b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: %b\r\n\r\nx\r\n"
            % _words(b"x", 20, first=20 * i)
            for i in range(min(n, 9900))
        )
    ),
    "small parts": lambda n: _mixed(b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * min(n, 9900)),
    "small texts": lambda n: _mixed(b"--b\r\n\r\nx\r\n" * min(n, 9900)),
    "parts of text": lambda n: _mixed(_parts(_PLAIN, _LOG, n, each=30_000)),
    "parts of HTML": lambda n: _mixed(_parts(_HTML, _ROW + b"\r\n", n, each=20_000)),
    "lines like delimiters": lambda n: _mixed(b"\n--" * n + b"\r\n"),
    "references to a picture": lambda n: _mixed(
        b"--b\r\n" + _HTML + b"\r\n" + b"cid:a " * n + b"\r\n" + _IMAGE
    ),
    # Headers.
    "small fields": lambda n: b"From: a@x.org\r\n" + b"X:\n" * n + b"\n" + CODE,
    "junk in the header": lambda n: b"From: a@x.org\r\n" + b"a\n" * n + b"Subject: x\n\n" + CODE,
    "folds": lambda n: b"From: a@x.org\r\nSubject:" + b"\n a" * n + b"\n\n" + CODE,
    "one long field": lambda n: b"From: a@x.org\r\nSubject: " + b"a" * n + b"\r\n\r\n" + CODE,
    "encoded-words": lambda n: (
        b"From: a@x.org\r\nSubject:" + b" =?utf-8?q?a?=" * n + b"\r\n\r\n" + CODE
    ),
    "encoded-words under wrong labels": lambda n: (
        b"From: a@x.org\r\nSubject: " + _words(b"us-ascii", min(n, 30_000)) + b"\r\n\r\n" + CODE
    ),
    "file names under wrong labels": lambda n: _mixed(
        b"".join(
            b'--b\r\nContent-Type: a/b; name="%b"\r\n\r\nx\r\n'
            % _words(b"us-ascii", 12, first=12 * i)
            for i in range(min(n, 9900))
        )
    ),
    "file names in no charset": lambda n: _mixed(
        _MANY_LABELS
        + b"".join(
            b'--b\r\nContent-Type: a/b; name="%b"\r\n\r\nx\r\n' % _name(i, 300)
            for i in range(min(n, 9900))
        )
    ),
    "long headers of parts": lambda n: _mixed(
        (b"--b\r\n" + b"X:\r\n" * max(1, n // 40) + b"\r\nx\r\n") * 40
    ),
    "parameters": lambda n: _mixed(b"--b\r\nContent-Type: a/b" + b"; a=b" * n + b"\r\n\r\nx\r\n"),
}


def sized(name: str, size: int) -> bytes:
    """A mail of that shape of about `size` bytes, and never more.

    A shape with a maximum of its own gives at most that.
    """
    shape = SHAPES[name]
    base, step = 100, 8000  # the size of a repetition, from two sizes
    first = len(shape(base))
    each = (len(shape(base + step)) - first) / step
    n = base + int((size - first) / each)
    while len(raw := shape(n)) > size:
        n -= max(1, int((len(raw) - size) / each))
    return raw
