"""Header fields and their values."""

from __future__ import annotations

from tests.core.adversarial.mail import CODE, TEXT, mail, mixed


def long_header_line(size: int) -> bytes:
    return mail(b"X-Long: " + b"a" * size, b"Subject: " + b"b" * size, body=CODE)


def long_part_header_line(size: int) -> bytes:
    part = b"--b\r\nContent-Type: image/png\r\nX-Long: " + b"a" * size + b"\r\n\r\nx\r\n"
    return mixed(TEXT + part + b"--b--\r\n")


def folded_header(size: int) -> bytes:
    return mail(b"Subject: x" + b"\r\n y" * size, body=CODE)


def blank_folds(size: int) -> bytes:
    return mail(b"Subject: x" + b"\r\n \r\n y" * size, body=CODE)


def many_fields(size: int) -> bytes:
    return mail(*(b"X-%d: y" % i for i in range(size)), body=CODE)


def same_fields(size: int) -> bytes:
    return mail(*(b"Content-Type: text/plain",) * size, body=CODE)


def unknown_fields_without_end(size: int) -> bytes:
    return b"Subject: x\r\n" + b"Unknown: y\r\n" * size


def junk_lines(size: int) -> bytes:
    return mail(*(b"junk", b"Subject: x") * size, body=CODE)


def junk_before_a_field(size: int) -> bytes:
    return mail(*(b"junk",) * size, b"Subject: x", body=CODE)


def parts_of_junk(size: int) -> bytes:
    return mixed(TEXT + b"--b\r\njunk\r\n" * size + b"--b--\r\n")


def received_fields(size: int) -> bytes:
    return mail(*(b"Received: from x by y",) * size, body=CODE)


def encoded_words(size: int) -> bytes:
    return mail(b"Subject: " + b"=?utf-8?q?a?= " * size, body=CODE)


def encoded_words_of_many_charsets(size: int) -> bytes:
    return mail(b"Subject: " + b"=?utf-8?q?a?= =?latin-1?q?b?=" * size, body=CODE)


def encoded_word_openings(size: int) -> bytes:
    return mail(b"Subject: " + b"=?utf-8?q?" * size, body=CODE)


def encoded_word_openings_with_text(size: int) -> bytes:
    return mail(b"Subject: " + b"=?a?b?c" * size, body=CODE)


def encoded_word_equals(size: int) -> bytes:
    return mail(b"Subject: " + b"=?" * size, body=CODE)


def encoded_word_then_blanks(size: int) -> bytes:
    return mail(b"Subject: " + (b"=?a?q?b?=" + b" " * 100) * (size // 100), body=CODE)


def unknown_charset_words(size: int) -> bytes:
    words = b" ".join(b"=?x-%d?q?a?=" % i for i in range(size))
    return mail(b"Subject: " + words, body=CODE)


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
    return mail(b"Authentication-Results: " + b"; spf=x" * size, body=CODE)


def authentication_blanks(size: int) -> bytes:
    return mail(b"Authentication-Results: " + b"; spf" + b" " * size, body=CODE)
