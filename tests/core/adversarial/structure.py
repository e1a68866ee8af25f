"""Parts, and the lines between them."""

from __future__ import annotations

from tests.core.adversarial.mail import CODE, TEXT, a_file, mail, mixed


def many_parts(size: int) -> bytes:
    return mixed(TEXT + b"".join(a_file(i) for i in range(size)) + b"--b--\r\n")


def many_texts(size: int) -> bytes:
    return mixed(TEXT * size + b"--b--\r\n")


def many_alternatives(size: int) -> bytes:
    parts = TEXT + b"--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n" * size
    return mail(b"Content-Type: multipart/alternative; boundary=b", body=parts + b"--b--\r\n")


def empty_parts(size: int) -> bytes:
    return mixed(b"--b\r\n\r\n\r\n" * size + TEXT + b"--b--\r\n")


def doubled_delimiters(size: int) -> bytes:
    return mixed(b"--b\r\n" * size + TEXT + b"--b--\r\n")


def many_closes(size: int) -> bytes:
    return mixed(TEXT + b"--b--\r\n" * size)


def closes_and_parts(size: int) -> bytes:
    return mixed((TEXT + b"--b--\r\n") * size)


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
    """Each multipart begins with the header of the next one, and ends far after it."""
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
    return mixed(TEXT + part * size + b"--b--\r\n")


def siblings_wrong_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nx\r\n"
    return mixed(TEXT + part * size + b"--b--\r\n")


def siblings_wrong_boundary_found(size: int) -> bytes:
    part = (
        b"--b\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\n"
        b"--c\r\nContent-Type: text/plain\r\n\r\nx\r\n--c--\r\n"
    )
    return mixed(TEXT + part * size + b"--b--\r\n")


def siblings_without_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n"
    return mixed(TEXT + part * size + b"--b--\r\n")


def nested_wrong_boundary_over_look_alikes(size: int) -> bytes:
    """Some levels with a wrong boundary, each scanned a second time, around many `--` lines."""
    depth = max(2, int(size**0.5))
    level = b"Content-Type: multipart/mixed; boundary=never%d\r\n\r\n--b%d\r\n"
    levels = b"".join(level % (i, i) for i in range(depth))
    return b"From: s@plant.example\r\n" + levels + CODE + b"\r\n" + b"--x\r\n" * size


def nested_signed_around_text(size: int) -> bytes:
    """Each level checks whether all parts inside it can go out unchanged."""
    depth = max(2, int(size**0.5))
    levels = b"".join(
        b"Content-Type: multipart/signed; boundary=c%d\r\n\r\n--c%d\r\n" % (i, i)
        for i in range(depth)
    )
    return mixed(TEXT + b"--b\r\n" + levels + b"\r\n" + b"xxxxxxxxx\r\n" * size)


def header_fields_of_many_parts(size: int) -> bytes:
    part = b"--b\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(100)) + b"\r\nx\r\n"
    return mixed(TEXT + part * max(1, size // 100) + b"--b--\r\n")


def dashes_among_fields(size: int) -> bytes:
    """Whether a line of hyphens ends the header depends on a missing field."""
    return b"From: a\r\n" + b"--x\r\nX-A: b\r\n" * size + b"\r\nx"


def dashes_behind_fields(size: int) -> bytes:
    """The same after many fields: the search is for the next field."""
    return b"X-A: b\r\n" * size + b"?\r\n" + b"--x\r\n" * size + b"Subject: s\r\n\r\nx"


def chain_without_boundary(size: int) -> bytes:
    """Multiparts without boundary, and no delimiter that ends the search for one."""
    part = b"Content-Type: multipart/mixed\r\n\r\n--x\r\nContent-Type: multipart/mixed\r\n\r\n"
    return b"From: s@plant.example\r\n" + part * size


def chain_of_dashes_without_boundary(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed\r\n\r\n" + b"--x y\r\nz\r\n" * 99
    return mixed(part * max(1, size // 99))


def look_alikes(size: int) -> bytes:
    return mixed(TEXT + b"--c\r\n" * size + b"--b--\r\n")


def hyphens(size: int) -> bytes:
    return mixed(TEXT + b"-" * size + b"\r\n--b--\r\n")


def hyphen_lines(size: int) -> bytes:
    return mixed(TEXT + b"-\r\n" * size + b"\r\n--b--\r\n")


def long_delimiter(size: int) -> bytes:
    return mixed(TEXT + b"--" + b"c" * size + b"\r\n--b--\r\n")


def blank_delimiter(size: int) -> bytes:
    return mixed(TEXT + b"--b" + b" " * size + b"\r\n--b--\r\n")


def boundary_prefixes(size: int) -> bytes:
    """Each boundary is a prefix of the next one, as far as a line holds it."""
    root = max(2, int((2 * size) ** 0.5))
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n" % (b"b" * i, b"b" * i)
        for i in range(1, root)
    )
    return b"From: s@plant.example\r\n" + levels + b"\r\ndeep " + CODE + b"\r\n"


def bare_cr(size: int) -> bytes:
    return (mixed(TEXT + b"--c\r\n" * size + b"--b--\r\n")).replace(b"\r\n", b"\r")


def mixed_line_breaks(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"a\rb\n\rc\r\n" * size)
