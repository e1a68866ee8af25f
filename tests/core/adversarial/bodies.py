"""Transfer encodings, files in a text, and charsets."""

from __future__ import annotations

from tests.core.adversarial.mail import CODE, TEXT, mail, mixed, one_file


def base64_in_folds(size: int) -> bytes:
    fields = b"Content-Transfer-Encoding: base64\r\nContent-Type: x/y" + b"\r\n AAAA\r\n ;" * size
    return mixed(TEXT + b"--b\r\n" + fields + b"\r\n\r\nAAAA\r\n--b--\r\n")


def indented_base64(size: int) -> bytes:
    part = b"--b\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: base64" + b"\r\n\tAAAA" * size
    return mixed(TEXT + part + b"\r\n--b--\r\n")


def uuencode_begins(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"begin 644 x\r\n" * size)


def uuencode_begins_blanks(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"begin 644" + b" " * size + b"\r\nx\r\n")


def uuencode_begins_with_data(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"begin 644 x\r\n#0V%T\r\n" * size)


def uuencode_files(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n" * size)


def uuencode_endless(size: int) -> bytes:
    return mail(body=CODE + b"\r\nbegin 644 x\r\n" + b"#0V%T\r\n" * size + b"no end\r\n")


def uuencode_looks_like_data(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"begin 64\r\n" * size)


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
    return mail(
        b"Content-Transfer-Encoding: quoted-printable",
        body=CODE + b"\r\n" + b"a=\r\n" * size,
    )


def long_body_line(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"a" * size)


def body_of_blanks(size: int) -> bytes:
    return mail(body=CODE + b" " * size + b"x")


def body_of_line_breaks(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" * size + b"x")


def body_of_foreign_bytes(size: int) -> bytes:
    return mail(body=CODE + b"\r\n" + b"\xe4 \xf6" * size)


def signed_parts(size: int) -> bytes:
    part = (
        b"--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n"
        b"--c\r\nContent-Type: application/pgp-signature\r\n\r\ny\r\n--c--\r\n"
    )
    return mixed(TEXT + part * size + b"--b--\r\n")


def delivery_notes(size: int) -> bytes:
    part = b"--b\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n" + (
        b"--c\r\n\r\nSubject: x\r\n\r\ny\r\n" * size
    )
    return mixed(TEXT + part + b"--c--\r\n--b--\r\n")


def utf7_text(size: int) -> bytes:
    return mail(b"Content-Type: text/plain; charset=utf-7", body=CODE + b"+AOQ-" * size)


def unknown_charsets(size: int) -> bytes:
    parts = b"".join(
        b"--b\r\nContent-Type: text/plain; charset=x-%d\r\n\r\nx\r\n" % i for i in range(size)
    )
    return mixed(TEXT + parts + b"--b--\r\n")


def mbox_lines(size: int) -> bytes:
    return b"From x\r\n" * size + mail(body=CODE)


def nul_bytes(size: int) -> bytes:
    return mail(body=CODE + b"\0" * size)


def iso2022_text(size: int) -> bytes:
    return mail(
        b"Content-Type: text/plain; charset=iso-2022-jp",
        body=CODE + b"\x1b$B$3\x1b(B" * size,
    )
