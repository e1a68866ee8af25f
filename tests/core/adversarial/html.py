"""HTML."""

from __future__ import annotations

from tests.core.adversarial.mail import CODE, HTML, TEXT, mail, mixed, one_file


def html_tags(size: int) -> bytes:
    return mail(HTML, body=b"<p>" + CODE + b"</p>" + b"<b>" * size)


def html_nested(size: int) -> bytes:
    return mail(HTML, body=b"<b>" * size + CODE + b"</b>" * size)


def html_unclosed_tag(size: int) -> bytes:
    return mail(HTML, body=CODE + b"<a " * size)


def html_unclosed_attribute(size: int) -> bytes:
    return mail(HTML, body=CODE + b'<a b="' * size)


def html_angles(size: int) -> bytes:
    return mail(HTML, body=CODE + b"<" * size)


def html_unclosed_comments(size: int) -> bytes:
    return mail(HTML, body=CODE + b"<!--" * size)


def html_comments(size: int) -> bytes:
    return mail(HTML, body=CODE + b"<!-- -->" * size)


def html_scripts(size: int) -> bytes:
    return mail(HTML, body=CODE + b"<script>" * size)


def html_references(size: int) -> bytes:
    return mail(HTML, body=CODE + b"&amp;" * size)


def html_ampersands(size: int) -> bytes:
    return mail(HTML, body=CODE + b"&" * size)


def html_body_ends(size: int) -> bytes:
    return mail(HTML, body=CODE + b"</body>" * size)


def html_body_end_blanks(size: int) -> bytes:
    return (
        one_file(b"")
        .replace(b"text/plain", b"text/html")
        .replace(b"hello", b"</body" + b" " * size)
    )


def html_body_openings(size: int) -> bytes:
    return one_file(b"").replace(b"text/plain", b"text/html").replace(b"hello", b"</body " * size)


def html_invisible(size: int) -> bytes:
    return mail(HTML, body=CODE + "\u200b".encode() * size)


def html_invisible_mixed(size: int) -> bytes:
    return mail(HTML, body=CODE + "a\u200b".encode() * size)


def html_in_the_code(size: int) -> bytes:
    return mail(
        HTML, body=b":Email_Rxers_Code:" + b"<b>a</b>@x.org," * size + b":Email_Rxers_Code:"
    )


def html_mailto_links(size: int) -> bytes:
    links = b"".join(b'<a href="mailto:a%d@x.org">a%d@x.org</a>,' % (i, i) for i in range(size))
    return mail(HTML, body=b":Email_Rxers_Code:" + links + b":Email_Rxers_Code:")


def html_long_attribute(size: int) -> bytes:
    return mail(HTML, body=b'<p title="' + b"a@" * size + b'">' + CODE + b"</p>")


def html_closing_tags(size: int) -> bytes:
    return mail(HTML, body=CODE + b"</b>" * size)


def html_crossed(size: int) -> bytes:
    return mail(HTML, body=b"<b><i>" * size + CODE + b"</b></i>" * size)


def cid_references(size: int) -> bytes:
    pictures = b"".join(b'<img src="cid:%d@x">' % i for i in range(size))
    part = b"--b\r\nContent-Type: image/png\r\nContent-ID: <7@x>\r\n\r\nx\r\n"
    return mixed(TEXT + b"--b\r\n" + HTML + b"\r\n\r\n" + pictures + b"\r\n" + part)


def cid_pictures(size: int) -> bytes:
    pictures = b"".join(b'<img src="cid:%d@x">' % i for i in range(size))
    parts = b"".join(
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <%d@x>\r\n\r\nx\r\n" % i
        for i in range(size)
    )
    return mixed(TEXT + b"--b\r\n" + HTML + b"\r\n\r\n" + pictures + b"\r\n" + parts)


def cid_long(size: int) -> bytes:
    return mail(HTML, body=CODE + b"cid:" * size)
