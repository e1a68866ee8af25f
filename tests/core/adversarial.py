"""Shapes of mail that make a careless parser quadratic, each by its size.

`python -m tests.core.adversarial [NAME…]` measures each at a size, at twice and at four times
that size, and prints how often longer the whole path took: about 2 is linear, 4 is quadratic.
Every shape is a function from a number of repetitions to the bytes of a mail.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from relay_core.mime.size_limits import Limits
from tests.core.laws import SETTINGS, relayed

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
UNLIMITED = replace(
    SETTINGS,
    max_header_bytes=Limits().size,
    max_header_fields=10_000_000,
    max_attachments=1_000_000,
    max_entities=1_000_000,
    max_nesting=100_000,
    max_recipients=1000,
)


def _mail(*fields: bytes, body: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"From: s@plant.example", *fields)) + (
        b"\r\n" + body
    )


def _mixed(parts: bytes, *, boundary: bytes = b"b") -> bytes:
    return _mail(b"Content-Type: multipart/mixed; boundary=" + boundary, body=parts)


_TEXT = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n" + CODE + b"\r\n"
_HTML = b"Content-Type: text/html; charset=utf-8"


def _file(number: int) -> bytes:
    return (
        b"--b\r\nContent-Type: image/png; name=%d.png\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\nAAAA\r\n" % number
    )


def many_parts(size: int) -> bytes:
    return _mixed(_TEXT + b"".join(_file(i) for i in range(size)) + b"--b--\r\n")


def many_texts(size: int) -> bytes:
    return _mixed(_TEXT * size + b"--b--\r\n")


def many_alternatives(size: int) -> bytes:
    parts = _TEXT + b"--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n" * size
    return _mail(b"Content-Type: multipart/alternative; boundary=b", body=parts + b"--b--\r\n")


def empty_parts(size: int) -> bytes:
    return _mixed(b"--b\r\n\r\n\r\n" * size + _TEXT + b"--b--\r\n")


def doubled_delimiters(size: int) -> bytes:
    return _mixed(b"--b\r\n" * size + _TEXT + b"--b--\r\n")


def many_closes(size: int) -> bytes:
    return _mixed(_TEXT + b"--b--\r\n" * size)


def closes_and_parts(size: int) -> bytes:
    return _mixed((_TEXT + b"--b--\r\n") * size)


def nested(size: int) -> bytes:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
        for i in range(size)
    )
    return b"From: s@plant.example\r\n" + levels + b"\r\ndeep " + CODE + b"\r\n"


def nested_and_closed(size: int) -> bytes:
    closes = b"".join(b"--b%d--\r\n" % i for i in reversed(range(size)))
    return nested(size) + closes


def nested_alternatives(size: int) -> bytes:
    return nested_and_closed(size).replace(b"/mixed", b"/alternative")


def nested_signed(size: int) -> bytes:
    return nested_and_closed(size).replace(b"/mixed", b"/signed")


def nested_encrypted(size: int) -> bytes:
    return nested_and_closed(size).replace(b"/mixed", b"/encrypted")


def nested_with_one_boundary(size: int) -> bytes:
    level = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    return b"From: s@plant.example\r\n" + level * size + b"\r\ndeep " + CODE + b"\r\n"


def nested_without_boundary(size: int) -> bytes:
    level = b"Content-Type: multipart/mixed\r\n\r\n--b%d\r\n"
    levels = b"".join(level % i for i in range(size))
    return b"From: s@plant.example\r\n" + levels + b"\r\ndeep " + CODE + b"\r\n"


def nested_wrong_boundary(size: int) -> bytes:
    level = b"Content-Type: multipart/mixed; boundary=never%d\r\n\r\n--b%d\r\n"
    levels = b"".join(level % (i, i) for i in range(size))
    return b"From: s@plant.example\r\n" + levels + b"\r\ndeep " + CODE + b"\r\n"


def nested_without_first_delimiter(size: int) -> bytes:
    """Each multipart begins with the header of the next one, and ends far behind it."""
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n" % i for i in range(size)
    )
    closes = b"".join(b"--b%d--\r\n" % i for i in reversed(range(size)))
    text = b"Content-Type: text/plain\r\n\r\n" + CODE + b"\r\n"
    return b"From: s@plant.example\r\n" + levels + text + closes


def siblings_without_first_delimiter(size: int) -> bytes:
    part = (
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
        b"Content-Type: text/plain\r\n\r\nx\r\n--c--\r\n"
    )
    return _mixed(_TEXT + part * size + b"--b--\r\n")


def base64_in_folds(size: int) -> bytes:
    fields = b"Content-Transfer-Encoding: base64\r\nContent-Type: x/y" + b"\r\n AAAA\r\n ;" * size
    return _mixed(_TEXT + b"--b\r\n" + fields + b"\r\n\r\nAAAA\r\n--b--\r\n")


def indented_base64(size: int) -> bytes:
    part = b"--b\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: base64" + b"\r\n\tAAAA" * size
    return _mixed(_TEXT + part + b"\r\n--b--\r\n")


def torn_codes(size: int) -> bytes:
    """A code in pieces around another one, and so on: each cut makes the next one whole."""
    torn = b":Email_Rxers\r\n" * size + CODE + b"\r\n" + b"_Code:@x:Email_Rxers_Code\r\n" * size
    return _mail(body=torn)


def torn_codes_in_html(size: int) -> bytes:
    return _mail(_HTML, body=torn_codes(size).partition(b"\r\n\r\n")[2])


def siblings_wrong_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nx\r\n"
    return _mixed(_TEXT + part * size + b"--b--\r\n")


def siblings_wrong_boundary_found(size: int) -> bytes:
    part = (
        b"--b\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\n"
        b"--c\r\nContent-Type: text/plain\r\n\r\nx\r\n--c--\r\n"
    )
    return _mixed(_TEXT + part * size + b"--b--\r\n")


def siblings_without_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n"
    return _mixed(_TEXT + part * size + b"--b--\r\n")


def nested_wrong_boundary_over_look_alikes(size: int) -> bytes:
    """A few levels, each of which has to be read a second time, around many `--` lines."""
    depth = max(2, int(size**0.5))
    level = b"Content-Type: multipart/mixed; boundary=never%d\r\n\r\n--b%d\r\n"
    levels = b"".join(level % (i, i) for i in range(depth))
    return b"From: s@plant.example\r\n" + levels + CODE + b"\r\n" + b"--x\r\n" * size


def nested_signed_around_text(size: int) -> bytes:
    """Each level asks whether all that it holds travels as it is."""
    depth = max(2, int(size**0.5))
    levels = b"".join(
        b"Content-Type: multipart/signed; boundary=c%d\r\n\r\n--c%d\r\n" % (i, i)
        for i in range(depth)
    )
    return _mixed(_TEXT + b"--b\r\n" + levels + b"\r\n" + b"xxxxxxxxx\r\n" * size)


def header_fields_of_many_parts(size: int) -> bytes:
    part = b"--b\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(100)) + b"\r\nx\r\n"
    return _mixed(_TEXT + part * max(1, size // 100) + b"--b--\r\n")


def dashes_among_fields(size: int) -> bytes:
    """Whether a line of hyphens ends the header depends on a field that is not there."""
    return b"From: a\r\n" + b"--x\r\nX-A: b\r\n" * size + b"\r\nx"


def dashes_behind_fields(size: int) -> bytes:
    """The same, behind many fields, in search of the next one."""
    return b"X-A: b\r\n" * size + b"?\r\n" + b"--x\r\n" * size + b"Subject: s\r\n\r\nx"


def chain_without_boundary(size: int) -> bytes:
    """Multiparts without boundary, and no delimiter that would tell where to stop looking."""
    part = b"Content-Type: multipart/mixed\r\n\r\n--x\r\nContent-Type: multipart/mixed\r\n\r\n"
    return b"From: s@plant.example\r\n" + part * size


def chain_of_dashes_without_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed\r\n\r\n" + b"--x y\r\nz\r\n" * 99
    return _mixed(part * max(1, size // 99))


def long_header_line(size: int) -> bytes:
    return _mail(b"X-Long: " + b"a" * size, b"Subject: " + b"b" * size, body=CODE)


def long_part_header_line(size: int) -> bytes:
    part = b"--b\r\nContent-Type: image/png\r\nX-Long: " + b"a" * size + b"\r\n\r\nx\r\n"
    return _mixed(_TEXT + part + b"--b--\r\n")


def folded_header(size: int) -> bytes:
    return _mail(b"Subject: x" + b"\r\n y" * size, body=CODE)


def blank_folds(size: int) -> bytes:
    return _mail(b"Subject: x" + b"\r\n \r\n y" * size, body=CODE)


def many_fields(size: int) -> bytes:
    return _mail(*(b"X-%d: y" % i for i in range(size)), body=CODE)


def same_fields(size: int) -> bytes:
    return _mail(*(b"Content-Type: text/plain",) * size, body=CODE)


def unknown_fields_without_end(size: int) -> bytes:
    return b"Subject: x\r\n" + b"Unknown: y\r\n" * size


def junk_lines(size: int) -> bytes:
    return _mail(*(b"junk", b"Subject: x") * size, body=CODE)


def junk_before_a_field(size: int) -> bytes:
    return _mail(*(b"junk",) * size, b"Subject: x", body=CODE)


def parts_of_junk(size: int) -> bytes:
    return _mixed(_TEXT + b"--b\r\njunk\r\n" * size + b"--b--\r\n")


def received_fields(size: int) -> bytes:
    return _mail(*(b"Received: from x by y",) * size, body=CODE)


def look_alikes(size: int) -> bytes:
    return _mixed(_TEXT + b"--c\r\n" * size + b"--b--\r\n")


def hyphens(size: int) -> bytes:
    return _mixed(_TEXT + b"-" * size + b"\r\n--b--\r\n")


def hyphen_lines(size: int) -> bytes:
    return _mixed(_TEXT + b"-\r\n" * size + b"\r\n--b--\r\n")


def long_delimiter(size: int) -> bytes:
    return _mixed(_TEXT + b"--" + b"c" * size + b"\r\n--b--\r\n")


def blank_delimiter(size: int) -> bytes:
    return _mixed(_TEXT + b"--b" + b" " * size + b"\r\n--b--\r\n")


def boundary_prefixes(size: int) -> bytes:
    """Each boundary is a prefix of the next one, as far as a line holds it."""
    root = max(2, int((2 * size) ** 0.5))
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n" % (b"b" * i, b"b" * i)
        for i in range(1, root)
    )
    return b"From: s@plant.example\r\n" + levels + b"\r\ndeep " + CODE + b"\r\n"


def bare_cr(size: int) -> bytes:
    return (_mixed(_TEXT + b"--c\r\n" * size + b"--b--\r\n")).replace(b"\r\n", b"\r")


def mixed_line_breaks(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"a\rb\n\rc\r\n" * size)


def encoded_words(size: int) -> bytes:
    return _mail(b"Subject: " + b"=?utf-8?q?a?= " * size, body=CODE)


def encoded_words_of_many_charsets(size: int) -> bytes:
    return _mail(b"Subject: " + b"=?utf-8?q?a?= =?latin-1?q?b?=" * size, body=CODE)


def encoded_word_openings(size: int) -> bytes:
    return _mail(b"Subject: " + b"=?utf-8?q?" * size, body=CODE)


def encoded_word_openings_with_text(size: int) -> bytes:
    return _mail(b"Subject: " + b"=?a?b?c" * size, body=CODE)


def encoded_word_equals(size: int) -> bytes:
    return _mail(b"Subject: " + b"=?" * size, body=CODE)


def encoded_word_then_blanks(size: int) -> bytes:
    return _mail(b"Subject: " + (b"=?a?q?b?=" + b" " * 100) * (size // 100), body=CODE)


def unknown_charset_words(size: int) -> bytes:
    words = b" ".join(b"=?x-%d?q?a?=" % i for i in range(size))
    return _mail(b"Subject: " + words, body=CODE)


def one_file(parameters: bytes) -> bytes:
    part = b"--b\r\nContent-Type: image/png" + parameters + b"\r\n\r\nx\r\n"
    return _mixed(_TEXT + part + b"--b--\r\n")


def continuations(size: int) -> bytes:
    return one_file(b"".join(b";\r\n name*%d*=a" % i for i in range(size)))


def same_continuation(size: int) -> bytes:
    return one_file(b";name*0*=a" * size)


def parameters(size: int) -> bytes:
    return one_file(b"".join(b"; p%d=a" % i for i in range(size)))


def long_parameter_name(size: int) -> bytes:
    return one_file(b"; " + b"n*" * size + b"=a")


def percent_escapes(size: int) -> bytes:
    return one_file(b"; name*=utf-8''" + b"%41" * size)


def percents(size: int) -> bytes:
    return one_file(b"; name*=utf-8''" + b"%" * size)


def apostrophes(size: int) -> bytes:
    return one_file(b"; name*=" + b"'" * size)


def comments(size: int) -> bytes:
    return one_file(b"(c)" * size)


def nested_comments(size: int) -> bytes:
    return one_file(b"(" * size + b")" * size)


def open_comments(size: int) -> bytes:
    return one_file(b"(" * size)


def open_comments_one_close(size: int) -> bytes:
    return one_file(b"(" * size + b")")


def comment_pairs_left_open(size: int) -> bytes:
    return one_file(b"(()" * size)


def escaped_comments(size: int) -> bytes:
    return one_file(b"(\\)" * size)


def quoted_pairs(size: int) -> bytes:
    return one_file(b'; name="' + b"\\a" * size + b'"')


def backslashes(size: int) -> bytes:
    return one_file(b'; name="' + b"\\" * (2 * size + 1) + b'"')


def open_quotes(size: int) -> bytes:
    return one_file(b'; name="a;' * size)


def open_escaped_quotes(size: int) -> bytes:
    return one_file(b'; name="a' + b';b=\\"c' * size)


def open_quotes_without_end(size: int) -> bytes:
    return one_file(b'; name="' + b"a" * size)


def quotes(size: int) -> bytes:
    return one_file(b"; name=" + b'"' * (2 * size + 1))


def semicolons(size: int) -> bytes:
    return one_file(b";" * size)


def equals(size: int) -> bytes:
    return one_file(b";a" + b"=" * size)


def blanks_in_parameter(size: int) -> bytes:
    return one_file(b"; name=a" + b" " * size + b"b")


def transfer_encoding_comments(size: int) -> bytes:
    return _mail(
        b"Content-Transfer-Encoding: " + b"(" * size + b"base64",
        body=base64.b64encode(CODE),
    )


def transfer_encoding_blanks(size: int) -> bytes:
    return _mail(b"Content-Transfer-Encoding: " + b"(a)" * size + b"7bit", body=CODE)


def long_filename(size: int) -> bytes:
    return one_file(b'; name="' + b"a." * size + b'"')


def long_raw_filename(size: int) -> bytes:
    return one_file(b'; name="' + "ä".encode() * size + b'"')


def angle_brackets_in_from(size: int) -> bytes:
    return b"From: " + b"<" * size + b"\r\nSubject: x\r\n\r\n" + CODE


def blanks_in_from(size: int) -> bytes:
    return b"From: " + b"a" * size + b"@" * size + b"\r\nSubject: x\r\n\r\n" + CODE


def letters_in_from(size: int) -> bytes:
    return b"From: " + b"a" * size + b"\r\nSubject: x\r\n\r\n" + CODE


def letters_in_return_path(size: int) -> bytes:
    return b"Return-Path: " + b"a" * size + b"@\r\nSubject: x\r\n\r\n" + CODE


def words_in_from(size: int) -> bytes:
    return b"From: " + b"a b " * size + b"<s@plant.example>\r\n\r\n" + CODE


def authentication_results(size: int) -> bytes:
    return _mail(b"Authentication-Results: " + b"; spf=x" * size, body=CODE)


def authentication_blanks(size: int) -> bytes:
    return _mail(b"Authentication-Results: " + b"; spf" + b" " * size, body=CODE)


def uuencode_begins(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"begin 644 x\r\n" * size)


def uuencode_begins_blanks(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"begin 644" + b" " * size + b"\r\nx\r\n")


def uuencode_begins_with_data(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"begin 644 x\r\n#0V%T\r\n" * size)


def uuencode_files(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n" * size)


def uuencode_endless(size: int) -> bytes:
    return _mail(body=CODE + b"\r\nbegin 644 x\r\n" + b"#0V%T\r\n" * size + b"no end\r\n")


def uuencode_looks_like_data(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"begin 64\r\n" * size)


def base64_padding(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * size)


def base64_equals(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=" * size)


def base64_one_line(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * size)


def base64_short_lines(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"Q\r\n" * size)


def base64_garbage(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"\xff!QUI" * size)


def base64_blank_end(size: int) -> bytes:
    return one_file(b"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD=" + b"\r\n" * size + b"Q")


def quoted_printable_blanks(size: int) -> bytes:
    return one_file(
        b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b" " * size + b"x"
    )


def quoted_printable_blank_runs(size: int) -> bytes:
    return one_file(
        b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b" \t" * size + b"\r\n"
    )


def quoted_printable_soft_breaks(size: int) -> bytes:
    return _mail(
        b"Content-Transfer-Encoding: quoted-printable",
        body=CODE + b"\r\n" + b"a=\r\n" * size,
    )


def long_body_line(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"a" * size)


def body_of_blanks(size: int) -> bytes:
    return _mail(body=CODE + b" " * size + b"x")


def body_of_line_breaks(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" * size + b"x")


def body_of_foreign_bytes(size: int) -> bytes:
    return _mail(body=CODE + b"\r\n" + b"\xe4 \xf6" * size)


def codes(size: int) -> bytes:
    return _mail(body=(CODE + b"\r\n") * size)


def codes_in_html(size: int) -> bytes:
    return _mail(_HTML, body=(b"<p>" + CODE + b"</p>\r\n") * size)


def codes_in_one_paragraph(size: int) -> bytes:
    return _mail(_HTML, body=b"<p>" + (CODE + b" ") * size + b"</p>\r\n")


def openings(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code: a@example.org\r\n" * size)


def markers(size: int) -> bytes:
    return _mail(body=b"Email_Rxers_Code" * size)


def colons(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" * size)


def many_addresses(size: int) -> bytes:
    addresses = b",".join(b"a%d@example.org" % i for i in range(size))
    return _mail(body=b":Email_Rxers_Code:" + addresses + b":Email_Rxers_Code:")


def same_address(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"a@example.org," * size + b":Email_Rxers_Code:")


def words_that_are_no_addresses(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"word " * size + b":Email_Rxers_Code:")


def words_before_an_address(size: int) -> bytes:
    return _mail(
        body=b":Email_Rxers_Code:" + b"word\r\n" * size + b"<a@example.org>:Email_Rxers_Code:"
    )


def quotes_in_code(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b'"' * size + b":Email_Rxers_Code:")


def angles_in_code(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"<" * size + b":Email_Rxers_Code:")


def angle_words_in_code(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"<a b" * size + b":Email_Rxers_Code:")


def long_address(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"a." * size + b"a@example.org:Email_Rxers_Code:")


def long_domain(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:a@" + b"b." * size + b"org:Email_Rxers_Code:")


def foreign_domain(size: int) -> bytes:
    domain = "ä.".encode() * size
    return _mail(
        b"Content-Type: text/plain; charset=utf-8",
        body=b":Email_Rxers_Code:a@" + domain + b"org:Email_Rxers_Code:",
    )


def brackets_in_code(size: int) -> bytes:
    return _mail(body=b":Email_Rxers_Code:" + b"[" * size + b":Email_Rxers_Code:")


def codes_with_errors(size: int) -> bytes:
    return _mail(
        body=b"".join(
            b":Email_Rxers_Code:wrong%d,a@example.org:Email_Rxers_Code:\r\n" % i
            for i in range(size)
        )
    )


def code_with_errors(size: int) -> bytes:
    wrong = b",".join(b"wrong%d" % i for i in range(size))
    return _mail(body=b":Email_Rxers_Code:" + wrong + b",a@example.org:Email_Rxers_Code:")


def code_with_errors_in_long_lines(size: int) -> bytes:
    wrong = b",".join(b"w%d@" % i for i in range(size))
    return _mail(
        body=b":Email_Rxers_Code:" + wrong + b",a@example.org:Email_Rxers_Code:" + b"x" * size
    )


def code_in_subject(size: int) -> bytes:
    return _mail(b"Subject: " + CODE * size, body=CODE)


def html_tags(size: int) -> bytes:
    return _mail(_HTML, body=b"<p>" + CODE + b"</p>" + b"<b>" * size)


def html_nested(size: int) -> bytes:
    return _mail(_HTML, body=b"<b>" * size + CODE + b"</b>" * size)


def html_unclosed_tag(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"<a " * size)


def html_unclosed_attribute(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b'<a b="' * size)


def html_angles(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"<" * size)


def html_unclosed_comments(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"<!--" * size)


def html_comments(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"<!-- -->" * size)


def html_scripts(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"<script>" * size)


def html_references(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"&amp;" * size)


def html_ampersands(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"&" * size)


def html_body_ends(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"</body>" * size)


def html_body_end_blanks(size: int) -> bytes:
    return (
        one_file(b"")
        .replace(b"text/plain", b"text/html")
        .replace(b"hello", b"</body" + b" " * size)
    )


def html_body_openings(size: int) -> bytes:
    return one_file(b"").replace(b"text/plain", b"text/html").replace(b"hello", b"</body " * size)


def html_invisible(size: int) -> bytes:
    return _mail(_HTML, body=CODE + "\u200b".encode() * size)


def html_invisible_mixed(size: int) -> bytes:
    return _mail(_HTML, body=CODE + "a\u200b".encode() * size)


def html_in_the_code(size: int) -> bytes:
    return _mail(
        _HTML, body=b":Email_Rxers_Code:" + b"<b>a</b>@x.org," * size + b":Email_Rxers_Code:"
    )


def html_mailto_links(size: int) -> bytes:
    links = b"".join(b'<a href="mailto:a%d@x.org">a%d@x.org</a>,' % (i, i) for i in range(size))
    return _mail(_HTML, body=b":Email_Rxers_Code:" + links + b":Email_Rxers_Code:")


def html_long_attribute(size: int) -> bytes:
    return _mail(_HTML, body=b'<p title="' + b"a@" * size + b'">' + CODE + b"</p>")


def html_closing_tags(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"</b>" * size)


def html_crossed(size: int) -> bytes:
    return _mail(_HTML, body=b"<b><i>" * size + CODE + b"</b></i>" * size)


def cid_references(size: int) -> bytes:
    pictures = b"".join(b'<img src="cid:%d@x">' % i for i in range(size))
    part = b"--b\r\nContent-Type: image/png\r\nContent-ID: <7@x>\r\n\r\nx\r\n"
    return _mixed(_TEXT + b"--b\r\n" + _HTML + b"\r\n\r\n" + pictures + b"\r\n" + part)


def cid_pictures(size: int) -> bytes:
    pictures = b"".join(b'<img src="cid:%d@x">' % i for i in range(size))
    parts = b"".join(
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <%d@x>\r\n\r\nx\r\n" % i
        for i in range(size)
    )
    return _mixed(_TEXT + b"--b\r\n" + _HTML + b"\r\n\r\n" + pictures + b"\r\n" + parts)


def cid_long(size: int) -> bytes:
    return _mail(_HTML, body=CODE + b"cid:" * size)


def signed_parts(size: int) -> bytes:
    part = (
        b"--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n"
        b"--c\r\nContent-Type: application/pgp-signature\r\n\r\ny\r\n--c--\r\n"
    )
    return _mixed(_TEXT + part * size + b"--b--\r\n")


def delivery_notes(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n" + (
        b"--c\r\n\r\nSubject: x\r\n\r\ny\r\n" * size
    )
    return _mixed(_TEXT + part + b"--c--\r\n--b--\r\n")


def utf7_text(size: int) -> bytes:
    return _mail(b"Content-Type: text/plain; charset=utf-7", body=CODE + b"+AOQ-" * size)


def unknown_charsets(size: int) -> bytes:
    parts = b"".join(
        b"--b\r\nContent-Type: text/plain; charset=x-%d\r\n\r\nx\r\n" % i for i in range(size)
    )
    return _mixed(_TEXT + parts + b"--b--\r\n")


def mbox_lines(size: int) -> bytes:
    return b"From x\r\n" * size + _mail(body=CODE)


def nul_bytes(size: int) -> bytes:
    return _mail(body=CODE + b"\0" * size)


def iso2022_text(size: int) -> bytes:
    return _mail(
        b"Content-Type: text/plain; charset=iso-2022-jp",
        body=CODE + b"\x1b$B$3\x1b(B" * size,
    )


Shape = Callable[[int], bytes]

_NOT_SHAPES = {"one_file", "relayed", "replace", "dataclass", "measure", "main"}
SHAPES: dict[str, Shape] = {
    name: shape
    for name, shape in list(globals().items())
    if callable(shape)
    and getattr(shape, "__module__", "") == __name__
    and not name.startswith("_")
    and name not in _NOT_SHAPES
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubling:
    """Seconds at a size, and how often longer twice and four times the size took."""

    size: int
    seconds: float
    twice: float
    four_times: float


def measure(shape: Shape, *, enough: float = 0.1) -> Doubling:
    """Grow the size until a run takes `enough` seconds; then double twice."""
    size = 500
    while (seconds := _seconds(shape, size)) < enough and size < 1_000_000:
        size *= 2
    twice = _seconds(shape, 2 * size)
    return Doubling(
        size=size,
        seconds=seconds,
        twice=twice / seconds,
        four_times=_seconds(shape, 4 * size) / twice if twice < 8 else float("nan"),
    )


def _seconds(shape: Shape, size: int) -> float:
    """Processor time of the whole path: what else the machine does is left out."""
    raw = shape(size)
    if len(raw) > UNLIMITED.limits.size:
        return float("nan")
    start = time.process_time()
    relayed(raw, UNLIMITED)
    return time.process_time() - start


def main() -> None:
    for name in sys.argv[1:] or SHAPES:
        found = measure(SHAPES[name])
        mark = "  <-- not linear" if max(found.twice, found.four_times) > 3 else ""
        print(  # noqa: T201 - this is what the command is for
            f"{name:40} {found.size:>8,} {found.seconds * 1000:7.0f} ms"
            f"  x{found.twice:.1f}  x{found.four_times:.1f}{mark}",
            flush=True,
        )


if __name__ == "__main__":
    main()
