"""SES's results for a mail, read from its header, and the domains that they authenticate."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.mime.parsing import parse_message
from relay_core.policy.authentication import (
    Results,
    find_origin,
    has_receipt,
    is_aligned,
    is_authenticated,
    read_results,
)
from tests.receipt import receipt, submitted_receipt

# --- SES's fields -------------------------------------------------------------------------------

ENVELOPE = "client-ip=192.0.2.7; envelope-from=0107@bounce.plant.example; helo=smtp.example;"
SPF = f"spf=pass (spfCheck: domain of bounce.plant.example designates 192.0.2.7 as …) {ENVELOPE}"
ON_TOP = (
    "Return-Path: <0107@bounce.plant.example>\r\n"
    "Received: from smtp.example (smtp.example [192.0.2.7])\r\n by inbound-smtp.eu; x\r\n"
)


def results_of(value: str, *, on_top: str = ON_TOP) -> Results:
    raw = f"{on_top}Authentication-Results: {value}\r\nFrom: a@plant.example\r\n\r\n"
    return read_results(parse_message(raw.encode()).header)


LINES = ["amazonses.com;", SPF, "dkim=pass header.i=@plant.example;", "dkim=pass header.i=@b.org;"]
DMARC = "dmarc=pass header.from=plant.example;"
ALL = Results(spf="bounce.plant.example", dkim=("plant.example", "b.org"), dmarc="plant.example")


@pytest.mark.parametrize("between", ["\r\n ", "\n\t", " "], ids=["folded", "bare", "in one line"])
def test_what_ses_writes_is_read(between: str) -> None:
    assert ALL == results_of(between.join([*LINES, DMARC]))
    none = between.join(["amazonses.com;", SPF.replace("pass", "none", 1), "dkim=none;"])
    assert Results() == results_of(f"{none}{between}dmarc=none header.from=plant.example;")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("amazonses.com", Results()),
        ("amazonses.com; none", Results()),
        ("AmazonSES.com 1; DKIM=Pass header.D=Plant.example", Results(dkim=("plant.example",))),
        # The result is about another reverse-path than the envelope's.
        ("amazonses.com; spf=pass smtp.mailfrom=x@evil.example", Results()),
        ("amazonses.com; spf=pass smtp.mailfrom=bounce.plant.example", Results(spf=ALL.spf)),
        ("amazonses.com; spf=pass smtp.mailfrom=x@bounce.plant.example", Results(spf=ALL.spf)),
        # Results of other servers; amazonses.com gives none.
        ("mx.evil.example; dmarc=pass header.from=plant.example", Results()),
        ("amazonses.com.evil.example; dmarc=pass header.from=plant.example", Results()),
        # No method passed, or a passed one names no domain.
        ("amazonses.com; spf=softfail; dkim=fail header.i=@plant.example; dmarc=none", Results()),
        ("amazonses.com; dkim=pass; dmarc=pass", Results()),
        # Comments and quotes contain text that the sender chose.
        ("amazonses.com; x=y (; dkim=pass header.i=@plant.example; )", Results()),
        ('amazonses.com; x="; dkim=pass header.i=@plant.example; "', Results()),
        ("amazonses.com; dkim=none (; dkim=pass header.i=@plant.example; )", Results()),
        ("amazonses.com; dkim=pass header.i=@plant.example; helo=(x", Results()),
        # Two results of a kind that SES writes once, or contradicting results.
        ("amazonses.com; dkim=pass header.i=@plant.example; dkim=none", Results()),
        (
            "amazonses.com; dmarc=pass header.from=plant.example; dmarc=none header.from=b.org",
            Results(),
        ),
        # A fail counts at any place.
        (
            'amazonses.com; dkim=pass header.i=@plant.example; dmarc=fail ("dmarc=pass")',
            Results(dkim=("plant.example",), dmarc_failed=True),
        ),
    ],
)
def test_only_statements_count(value: str, expected: Results) -> None:
    assert expected == results_of(value)


@pytest.mark.parametrize(
    "words",
    [
        "a;dkim=pass header.i=@plant.example;",
        "a; dkim=pass header.i=@plant.example; dmarc=pass header.from=plant.example",
        "a; dkim=pass header.i=@plant.example; x=(",
        'a"; dkim=pass header.i=@plant.example; x="',
        "a (x; dkim=pass header.i=@plant.example",
        "a\tb; dkim=pass header.i=@plant.example",
        "=?utf-8?q?a=3B_dkim=3Dpass_header.i=3D@plant.example?=",
    ],
)
@pytest.mark.parametrize("fold", ["\r\n ", " "], ids=["folded", "in one line"])
@pytest.mark.parametrize("last", ["dmarc=none header.from=plant.example;", "dkim=none;", ""])
def test_a_greeting_cannot_forge_a_result(words: str, fold: str, last: str) -> None:
    for path, greeting in (("x@evil.example", words), (f'"{words}"@evil.example', "evil.example")):
        on_top = (
            f"Return-Path: <{path}>\r\n"
            f"Received: from {greeting} ({greeting} [192.0.2.7])\r\n by inbound-smtp.eu; x\r\n"
        )
        spf = f"spf=softfail (x) client-ip=192.0.2.7; envelope-from={path}; helo={greeting};"
        found = results_of(fold.join(["amazonses.com;", spf, last]), on_top=on_top)
        assert not is_authenticated("a@plant.example", found)


@pytest.mark.parametrize(
    "identity",
    [
        "x; dkim=pass header.i=@plant.example; dkim=pass header.i=@evil.example",
        "x; dmarc=pass header.from=plant.example; dkim=pass header.i=@evil.example",
        "x header.d=plant.example header.s=@evil.example",
        "x header.d=plant.example header.i=@evil.example",
        "x@plant.example header.s=@evil.example",
        "plant.example header.s=@evil.example",
        "@evil.example header.d=plant.example",
        "x@plant.example@evil.example",
    ],
)
def test_a_signature_cannot_forge_a_result(identity: str) -> None:
    """The local-part of a signature's identity may contain any text, encoded (RFC 6376)."""
    lines = ["amazonses.com;", SPF.replace("pass", "none", 1), f"dkim=pass header.i={identity};"]
    assert not is_authenticated("a@plant.example", results_of("\r\n ".join(lines)))


def test_a_signers_identity_may_be_in_a_subdomain() -> None:
    value = "amazonses.com; dkim=pass header.i=boiler@cellar.plant.example header.d=plant.example"
    assert Results(dkim=("plant.example",)) == results_of(value)
    assert Results(dkim=("plant.example",)) == results_of(
        value.partition(" header.d")[0].replace("cellar.", "")
    )


def test_a_reverse_path_without_a_domain_proves_none() -> None:
    on_top = ON_TOP.replace("0107@bounce.plant.example", "plant.example")
    assert Results() == results_of("amazonses.com; spf=pass", on_top=on_top)


def test_only_what_ses_put_on_top_is_read() -> None:
    forged = "Authentication-Results: amazonses.com; dmarc=pass header.from=plant.example\r\n"
    for on_top in (
        "",
        ON_TOP + "X-SES-RECEIPT: x\r\n",
        ON_TOP + "Received: from x by y\r\n",
        ON_TOP + "Authentication-Results: amazonses.com; dkim=none\r\n",
        "Subject: x\r\n",
    ):
        raw = (on_top + "From: a@plant.example\r\n" + forged + "\r\n").encode()
        assert not find_origin(parse_message(raw).header).authenticated
        raw = (on_top + forged + "From: a@plant.example\r\n\r\n").encode()
        is_own = on_top == ""  # at the top, so it counts as SES's
        assert is_own == find_origin(parse_message(raw).header).authenticated


def test_a_mail_that_ses_has_not_received_is_distinguished_from_one_that_it_has() -> None:
    for own in (b"From: a@b.example\r\n", b"Received: from x by mx.b.example\r\n", b""):
        assert not has_receipt(parse_message(own + b"\r\nx").header)
    for domain in ("plant.example", None):
        assert has_receipt(parse_message(submitted_receipt(domain) + b"\r\nx").header)
    assert has_receipt(parse_message(ON_TOP.encode() + b"\r\nx").header)


@given(
    st.binary(max_size=300)
    | st.text('spfdkimrc=;." ()@\r\n amazonses', max_size=200).map(str.encode)
)
@example(b"amazonses.com; " + b"spf=x (" * 40)
def test_anything_is_read(value: bytes) -> None:
    raw = b"Authentication-Results: " + value + b"\r\nFrom: a@b.example\r\n\r\n"
    find_origin(parse_message(raw).header)
    raw = b"Authentication-Results: amazonses.com;" + value + b"\r\nFrom: a@b.example\r\n\r\n"
    find_origin(parse_message(raw).header)


# --- alignment ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "other", "expected"),
    [
        ("plant.example", "plant.example", True),
        ("plant.example", "bounce.plant.example", True),
        ("a.b.plant.example", "plant.example", True),
        ("plant.example", "xplant.example", False),
        ("a.plant.example", "b.plant.example", False),  # possibly of two owners
        ("example", "plant.example", False),
        ("co.uk", "plant.co.uk", False),
        ("plant.com.au", "com.au", False),
        ("a.plant.co.uk", "plant.co.uk", True),
        ("plant.de", "mail.plant.de", True),
    ],
)
def test_domains_of_one_owner_are_aligned(domain: str, other: str, *, expected: bool) -> None:
    assert expected == is_aligned(domain, other) == is_aligned(other, domain)


def test_what_a_device_submits_through_ses_is_authenticated() -> None:
    """SES signs with the keys of the identity in From, without any configuration."""
    for domain in ("plant.example", None):
        author = f"a@{domain}" if domain else None
        raw = (
            submitted_receipt(domain) + (f"From: {author}\r\n\r\n" if author else "\r\n").encode()
        )
        assert find_origin(parse_message(raw).header).authenticated
    # Without a MAIL FROM domain, SPF is about amazonses.com; the signature authenticates.
    by_default = receipt(
        reverse_path="0107@eu-central-1.amazonses.com",
        spf="pass",
        dkim=[("pass", "plant.example"), ("pass", "amazonses.com")],
        dmarc=("none", "plant.example"),
    )
    header = parse_message(by_default + b"From: a@plant.example\r\n\r\n").header
    assert find_origin(header).proven_author == "a@plant.example"
