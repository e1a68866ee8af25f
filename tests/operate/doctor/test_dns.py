"""Doctor's checks of DNS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operate.doctor.dns_records import (
    Published,
    judge_dkim,
    judge_dmarc,
    judge_mail_from,
    judge_mx,
    kind_of,
)
from operate.doctor.resolving import InvalidServer, parse_server, resolver
from tests.operate.dns_server import serving
from tests.operate.doctor.statuses import statuses

SES = "10 inbound-smtp.eu-central-1.amazonaws.com"
BOUNCES = "10 feedback-smtp.eu-central-1.amazonses.com"
SPF = "v=spf1 include:amazonses.com ~all"


def mx(*seen: str) -> list[Published]:
    return [Published(name="in.example", type="MX", wanted=(SES,), seen=seen)]


class TestDns:
    @pytest.mark.parametrize(
        ("record", "kind"),
        [
            (("in.example", "MX", SES), "dns-mx"),
            (("bounce.in.example", "MX", BOUNCES), "dns-mail-from"),
            (("bounce.in.example", "TXT", SPF), "dns-mail-from"),
            (("_dmarc.in.example", "TXT", "v=DMARC1; p=none"), "dns-dmarc"),
            (("t._domainkey.in.example", "CNAME", "t.dkim.amazonses.com"), "dns-dkim"),
        ],
    )
    def test_each_record_of_the_output_has_its_check(
        self, record: tuple[str, str, str], kind: str
    ) -> None:
        assert kind == kind_of(dict(zip(("name", "type", "value"), record, strict=True)))

    @pytest.mark.parametrize(
        ("seen", "status"),
        [
            ([SES], "ok"),
            ([SES.upper()], "ok"),  # RFC 4343
            ([SES, "20 backup.example"], "ok"),  # used only if SES does not answer
            ([SES, "10 other.example"], "problem"),
            ([SES, "5 other.example"], "problem"),
            (["10 other.example"], "problem"),
            ([], "problem"),
        ],
    )
    def test_mail_must_come_to_ses_first(self, seen: list[str], status: str) -> None:
        assert [status] == statuses(judge_mx(mx(*seen)))

    def test_no_answer_is_no_missing_record(self) -> None:
        (record,) = mx()
        assert ["unknown"] == statuses(judge_mx([replace(record, seen=None)]))

    def test_each_missing_key_is_named(self) -> None:
        records = [
            Published(name=f"{n}._domainkey.a.example", type="CNAME", wanted=(n,), seen=seen)
            for n, seen in (("x", ("x",)), ("y", ()), ("z", ("other",)))
        ]
        found = list(judge_dkim(records))
        assert ["problem", "problem"] == statuses(found)
        assert ["y.", "z."] == [one.found[:2] for one in found]

    @pytest.mark.parametrize(
        ("type_", "seen", "status"),
        [
            ("TXT", [SPF], "ok"),
            ("TXT", ["v=spf1 include:amazonses.com -all", "unrelated"], "ok"),
            ("TXT", ["v=spf1 -include:amazonses.com -all"], "warning"),
            ("TXT", [SPF, "v=spf1 -all"], "warning"),  # RFC 7208 section 4.5
            ("TXT", ["v=spf1 -all"], "warning"),
            ("TXT", [], "warning"),
            ("MX", [BOUNCES], "ok"),
            ("MX", [BOUNCES, "20 other.example"], "warning"),
            ("MX", [], "warning"),
        ],
    )
    def test_the_reverse_path_is_sess_alone(
        self, type_: str, seen: list[str], status: str
    ) -> None:
        wanted = (SPF,) if type_ == "TXT" else (BOUNCES,)
        record = Published(name="bounce.a.example", type=type_, wanted=wanted, seen=seen)
        assert [status] == statuses(judge_mail_from([record]))

    @pytest.mark.parametrize(
        ("seen", "status"),
        [
            (["v=DMARC1; p=reject"], "ok"),
            (["unrelated", "v=DMARC1; p=none"], "ok"),
            (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "warning"),  # RFC 7489 section 6.6.3
            ([], "warning"),
        ],
    )
    def test_any_one_dmarc_record_will_do(self, seen: list[str], status: str) -> None:
        wanted = ("v=DMARC1; p=none",)
        record = Published(name="_dmarc.a.example", type="TXT", wanted=wanted, seen=seen)
        assert [status] == statuses(judge_dmarc([record]))

    def test_a_server_is_asked(self) -> None:
        zone = {
            ("in.example", "MX"): [f"{SES}."],
            ("a.example", "TXT"): ['"one " "text"', '"two"'],
        }
        with serving(zone) as server:
            resolve = resolver(server)
            assert (SES,) == resolve("in.example", "MX")
            assert {"one text", "two"} == {*(resolve("a.example", "TXT") or ())}
            assert () == resolve("in.example", "TXT")
            assert () == resolve("nothing.example", "MX")

    @pytest.mark.parametrize(
        ("text", "server"),
        [
            ("192.0.2.1", ("192.0.2.1", 53)),
            ("127.0.0.1:5353", ("127.0.0.1", 5353)),
            ("2001:db8::1", ("2001:db8::1", 53)),
            ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ],
    )
    def test_a_server_is_an_address(self, text: str, server: tuple[str, int]) -> None:
        assert server == parse_server(text)

    @pytest.mark.parametrize("text", ["dns.example", "127.0.0.1:x", "127.0.0.1:0", "", "[::1"])
    def test_anything_else_is_refused(self, text: str) -> None:
        if text == "[::1":  # unambiguous without the bracket
            assert ("::1", 53) == parse_server(text)
            return
        with pytest.raises(InvalidServer):
            parse_server(text)
