"""Recipient codes, and texts that look like one."""

from __future__ import annotations

from tests.core.adversarial.mail import CODE, HTML, mail


def torn_codes(size: int) -> bytes:
    """A code split around another one, and so on: removing one joins the parts of the next."""
    torn = b":Email_Rxers\r\n" * size + CODE + b"\r\n" + b"_Code:@x:Email_Rxers_Code\r\n" * size
    return mail(body=torn)


def torn_codes_in_html(size: int) -> bytes:
    return mail(HTML, body=torn_codes(size).partition(b"\r\n\r\n")[2])


def codes(size: int) -> bytes:
    return mail(body=(CODE + b"\r\n") * size)


def codes_in_html(size: int) -> bytes:
    return mail(HTML, body=(b"<p>" + CODE + b"</p>\r\n") * size)


def codes_in_one_paragraph(size: int) -> bytes:
    return mail(HTML, body=b"<p>" + (CODE + b" ") * size + b"</p>\r\n")


def openings(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code: a@example.org\r\n" * size)


def markers(size: int) -> bytes:
    return mail(body=b"Email_Rxers_Code" * size)


def colons(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" * size)


def many_addresses(size: int) -> bytes:
    addresses = b",".join(b"a%d@example.org" % i for i in range(size))
    return mail(body=b":Email_Rxers_Code:" + addresses + b":Email_Rxers_Code:")


def same_address(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"a@example.org," * size + b":Email_Rxers_Code:")


def words_that_are_no_addresses(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"word " * size + b":Email_Rxers_Code:")


def words_before_an_address(size: int) -> bytes:
    return mail(
        body=b":Email_Rxers_Code:" + b"word\r\n" * size + b"<a@example.org>:Email_Rxers_Code:"
    )


def quotes_in_code(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b'"' * size + b":Email_Rxers_Code:")


def angles_in_code(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"<" * size + b":Email_Rxers_Code:")


def angle_words_in_code(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"<a b" * size + b":Email_Rxers_Code:")


def long_address(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"a." * size + b"a@example.org:Email_Rxers_Code:")


def long_domain(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:a@" + b"b." * size + b"org:Email_Rxers_Code:")


def foreign_domain(size: int) -> bytes:
    domain = "ä.".encode() * size
    return mail(
        b"Content-Type: text/plain; charset=utf-8",
        body=b":Email_Rxers_Code:a@" + domain + b"org:Email_Rxers_Code:",
    )


def brackets_in_code(size: int) -> bytes:
    return mail(body=b":Email_Rxers_Code:" + b"[" * size + b":Email_Rxers_Code:")


def codes_with_errors(size: int) -> bytes:
    return mail(
        body=b"".join(
            b":Email_Rxers_Code:wrong%d,a@example.org:Email_Rxers_Code:\r\n" % i
            for i in range(size)
        )
    )


def code_with_errors(size: int) -> bytes:
    wrong = b",".join(b"wrong%d" % i for i in range(size))
    return mail(body=b":Email_Rxers_Code:" + wrong + b",a@example.org:Email_Rxers_Code:")


def code_with_errors_in_long_lines(size: int) -> bytes:
    wrong = b",".join(b"w%d@" % i for i in range(size))
    return mail(
        body=b":Email_Rxers_Code:" + wrong + b",a@example.org:Email_Rxers_Code:" + b"x" * size
    )


def code_in_subject(size: int) -> bytes:
    return mail(b"Subject: " + CODE * size, body=CODE)
