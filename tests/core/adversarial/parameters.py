"""Parameters and comments of a part's fields."""

from __future__ import annotations

import base64

from tests.core.adversarial.mail import CODE, mail, one_file


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
    return mail(
        b"Content-Transfer-Encoding: " + b"(" * size + b"base64",
        body=base64.b64encode(CODE),
    )


def transfer_encoding_blanks(size: int) -> bytes:
    return mail(b"Content-Transfer-Encoding: " + b"(a)" * size + b"7bit", body=CODE)


def long_filename(size: int) -> bytes:
    return one_file(b'; name="' + b"a." * size + b'"')


def long_raw_filename(size: int) -> bytes:
    return one_file(b'; name="' + "ä".encode() * size + b'"')
