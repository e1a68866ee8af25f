"""The output of `relayctl inspect`."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from typer.testing import CliRunner

from operate.cli import app
from operate.mail_file.inspection import inspect_message, to_json
from relay_core.attachments.safe_name import MAX_NAME_BYTES
from relay_core.keys import RawKey
from relay_core.mime.size_limits import DEFAULT_LIMITS
from relay_core.settings import Settings
from tests.garbage import GARBAGE, mutated_mails
from tests.strategies import Drawn, mails

SEED = Path(__file__).parent.parent.parent / "corpus" / "malformed" / "openssl-demo.eml"
SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="devices@relay.invalid",
    allowed_recipients=("*",),
)
CODE = ":Email_Rxers_Code:a@example.org,b@example.net:Email_Rxers_Code:"


def mail(text: str = CODE, *, filenames: tuple[str, ...] = (), header: str = "") -> bytes:
    parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"]
    parts += [
        f'Content-Type: image/jpeg; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{base64.b64encode(name.encode()).decode()}\r\n"
        for name in filenames
    ]
    body = "".join(f"--=_b\r\n{part}" for part in parts)
    return (
        f"{header}From: s@plant.example\r\nSubject: Gate\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n{body}--=_b--\r\n'
    ).encode()


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["inspect", "--json", *arguments], input=stdin)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def written(folder: Path, raw: bytes, name: str = "mail.eml") -> str:
    path = folder / name
    path.write_bytes(raw)
    return str(path)


def test_a_message_that_would_be_relayed(tmp_path: Path) -> None:
    file = written(tmp_path, mail(filenames=("a.jpg", "ä b.jpg")))
    code, lines = run(file)
    assert 0 == code
    assert [
        {
            "file": file,
            "decision": "relay",
            "reason": None,
            "details": [],
            "subject": "Gate",
            "recipients": ["a@example.org", "b@example.net"],
            "attachments": [
                {
                    "filename": name,
                    "content_type": "image/jpeg",
                    "size": len(name.encode()),
                    "sha256": hashlib.sha256(name.encode()).hexdigest(),
                    "action": "detach",
                }
                for name in ("a.jpg", "ä b.jpg")
            ],
            "defects": [
                {"kind": "non-ascii-header", "start": start, "end": end}
                for one in lines[0]["defects"]
                for start, end in [(one["start"], one["end"])]
            ],
        }
    ] == lines


def test_the_demo_of_the_customer() -> None:
    code, (line,) = run(str(SEED))
    assert 0 == code
    assert ("relay", ["demo64.txt"]) == (
        line["decision"],
        [one["filename"] for one in line["attachments"]],
    )
    assert {"missing-blank-line", "missing-close-delimiter"} == {
        one["kind"] for one in line["defects"]
    }


@pytest.mark.parametrize(
    ("raw", "decision", "reason"),
    [
        (mail("Hello", filenames=("a.jpg",)), "refuse", "no-recipient-code"),
        (
            mail(filenames=("a.jpg",), header="X-SES-Spam-Verdict: FAIL\r\n"),
            "refuse",
            "spam",
        ),
        (
            mail(filenames=("a.jpg",), header="Auto-Submitted: auto-replied\r\n"),
            "ignore",
            "delivery-report",
        ),
        (
            mail(":Email_Rxers_Code:@crew:Email_Rxers_Code:", filenames=("a.jpg",)),
            "refuse",
            "unknown-group",
        ),
    ],
)
def test_what_is_not_relayed_is_looked_into_all_the_same(
    raw: bytes, decision: str, reason: str
) -> None:
    code, (line,) = run("-", stdin=raw)
    assert 0 == code
    assert ("-", decision, reason, []) == (
        line["file"],
        line["decision"],
        line["reason"],
        line["recipients"],
    )
    assert line["details"]
    assert ["a.jpg"] == [one["filename"] for one in line["attachments"]]


def test_a_recipient_that_is_left_out_is_reported() -> None:
    code, (line,) = run("--allow", "example.org", "-", stdin=mail())
    assert 0 == code
    assert ("relay", None, ["a@example.org"]) == (
        line["decision"],
        line["reason"],
        line["recipients"],
    )
    assert ["recipient-not-allowed: b@example.net is not in allowedRecipients"] == line["details"]


def test_marker_and_groups_are_options() -> None:
    raw = mail(":WHO:@crew:WHO:")
    _, (line,) = run(
        "--marker", "WHO", "--group", "crew=x@example.org,y@example.org", "-", stdin=raw
    )
    assert ["x@example.org", "y@example.org"] == line["recipients"]


@pytest.mark.parametrize(
    ("defaults", "recipients"),
    [
        (("*=a@example.org, b@example.org",), ["a@example.org", "b@example.org"]),
        (("*=a@example.org", "plant.example=@crew"), ["x@example.org"]),
        (("*.plant.example=a@example.org",), []),
    ],
)
def test_default_recipients_are_an_option(
    defaults: tuple[str, ...], recipients: list[str]
) -> None:
    options = [part for one in defaults for part in ("--default", one)]
    code, (line,) = run("--group", "crew=x@example.org", *options, "-", stdin=mail("Hello"))
    assert (0, recipients) == (code, line["recipients"])
    assert (None if recipients else "no-recipient-code") == line["reason"]
    # A mail with a recipient code does not go to the default recipients.
    _, (line,) = run("--group", "crew=x@example.org", *options, "-", stdin=mail())
    assert ["a@example.org", "b@example.net"] == line["recipients"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--default", "x"), "'x' is not SENDER=ADDRESS,…"),
        (("--default", "a b=x@example.org"), "--default: a b: a sender must be"),
        (("--default", "*=@crew"), "there is no group @crew"),
        (("--default", "*=a@x.org", "--default", "*=b@x.org"), "--default: * is there twice"),
        (("--group", "a=", "--default", "*=x"), "for --group and --default"),
        (("--group", "crew=a@x.org", "--group", "crew=b@x.org"), "--group: crew is there twice"),
    ],
)
def test_a_wrong_directory_is_named_by_its_option(options: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, ["inspect", *options, "-"], input=mail())
    assert 2 == result.exit_code
    assert words in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("option", ["--ready-file", "--outputs", "--stack", "--profile"])
@pytest.mark.parametrize("directory", [(), ("--directory", "recipients.json")])
def test_a_stack_of_which_nothing_is_read_is_refused(
    option: str, directory: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(app, ["inspect", option, "x", *directory, "-"], input=mail())
    assert 2 == result.exit_code
    assert f"Invalid value for {option}: needs --directory live" in result.stderr


def test_one_bad_file_stops_nothing(tmp_path: Path) -> None:
    missing, good = str(tmp_path / "missing.eml"), written(tmp_path, mail())
    code, lines = run(missing, good, str(tmp_path), good)
    assert 2 == code
    assert [missing, good, str(tmp_path), good] == [line["file"] for line in lines]
    assert ["error" in line for line in lines] == [True, False, True, False]
    assert "No such file or directory" == lines[0]["error"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed-message"),
        (b"Subject: x\r\n\r\n" + bytes(DEFAULT_LIMITS.size), "limit-exceeded"),
    ],
)
def test_what_is_no_message_is_refused_not_an_error(raw: bytes, reason: str) -> None:
    code, (line,) = run("-", stdin=raw)
    assert 0 == code
    assert ("refuse", reason, [], []) == (
        line["decision"],
        line["reason"],
        line["attachments"],
        line["defects"],
    )


def test_attachments_are_extracted_under_safe_names(tmp_path: Path) -> None:
    names = ("a.jpg", "a.jpg", "../../etc/passwd", "/abs.jpg", "..", "x" * 300 + ".jpg")
    raw = mail(filenames=names)
    files = [written(tmp_path, raw, "m.eml"), written(tmp_path, raw, ".." + "m" * 200 + ".eml")]
    folder = tmp_path / "out" / "attachments"
    before = {path.name for path in tmp_path.iterdir()}
    _, lines = run("--extract", str(folder), *files, files[0])
    found = [one for line in lines for one in line["attachments"]]
    paths = [Path(one["path"]) for one in found]
    assert 3 * len(names) == len(set(paths))
    assert sorted(paths) == sorted(folder.iterdir())
    assert [list(names) * 3] == [[one["filename"] for one in found]]
    assert [name.encode() for name in names] * 3 == [path.read_bytes() for path in paths]
    assert ["m.eml-1-a.jpg", "m.eml-2-a.jpg"] == [path.name for path in paths[:2]]
    assert all(len(path.name.encode()) <= MAX_NAME_BYTES + 50 for path in paths)
    assert before | {"out"} == {path.name for path in tmp_path.iterdir()}


def test_extracting_writes_through_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mail.eml-1-a.jpg").symlink_to(victim)
    _, (line,) = run("--extract", str(folder), written(tmp_path, mail(filenames=("a.jpg",))))
    assert b"mine" == victim.read_bytes()
    assert str(folder / "mail.eml-1-2-a.jpg") == line["attachments"][0]["path"]


def test_a_folder_that_cannot_be_written_is_an_error_of_the_file(tmp_path: Path) -> None:
    taken = tmp_path / "out"
    taken.write_bytes(b"")
    code, (line,) = run("--extract", str(taken / "in"), written(tmp_path, mail(filenames=("a",))))
    assert 2 == code
    assert str(taken) in line["error"]


def test_a_person_gets_a_table_and_a_terminal_no_surprises(tmp_path: Path) -> None:
    raw = mail("Hello", filenames=("a.jpg",)).replace(b"Subject: Gate", b"Subject: \x1b[31m[red]")
    result = CliRunner().invoke(app, ["inspect", written(tmp_path, raw), str(tmp_path / "none")])
    assert 2 == result.exit_code
    for words in ("refuse (no-recipient-code)", "[red]", "a.jpg", "5 bytes", "detach"):
        assert words in result.stdout
    assert "\x1b" not in result.stdout
    assert "No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--marker", "a"], "--marker: must be 3 to 64"),
        (["--allow", "no domain"], "--allow: must be an address"),
        (["--group", "crew"], "--group"),
    ],
)
def test_a_bad_policy_is_named(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["inspect", *arguments, "-"], input=mail())
    assert 2 == result.exit_code
    assert words in result.stderr


@given(mails() | mutated_mails() | GARBAGE)
def test_any_bytes_are_inspected(drawn: Drawn | bytes) -> None:
    raw = drawn.raw if isinstance(drawn, Drawn) else drawn
    inspection = inspect_message(raw, RawKey("x"), SETTINGS)
    assert json.dumps(to_json("x", inspection)).isascii()
    if isinstance(drawn, Drawn):
        assert [
            (one.filename, one.content_type, hashlib.sha256(one.content).hexdigest())
            for one in drawn.attachments
        ] == [(one.filename, one.content_type, one.sha256) for one in inspection.attachments]


@pytest.mark.parametrize(
    ("settings", "decision", "reason", "recipients"),
    [
        (["maxRecipients=1"], "refuse", "too-many-recipients", []),
        (["allowedRecipients=example.net, x.org"], "relay", None, ["b@example.net"]),
        (["recipientMarker=WHO"], "refuse", "no-recipient-code", []),
        (
            ["recipientMarker=WHO", 'defaultRecipients={"plant.example": ["c@example.com"]}'],
            "relay",
            None,
            ["c@example.com"],
        ),
        (["mail-relay:maxBodyBytes=10000"], "relay", None, ["a@example.org", "b@example.net"]),
        (["functionMemory=1024", "maxRecipients=2"], "relay", None, None),
    ],
)
def test_a_configuration_is_tried_as_a_stack_would_have_it(
    settings: list[str], decision: str, reason: str | None, recipients: list[str] | None
) -> None:
    options = [word for one in settings for word in ("--config", one)]
    # Default recipients apply only to an authenticated sender, so the mail has SES's results.
    proven = "Received: x\r\nAuthentication-Results: amazonses.com; dmarc=pass header.from="
    raw = mail(header=f"{proven}plant.example\r\n")
    code, (line,) = run(*options, "-", stdin=raw)
    assert (0, decision, reason) == (code, line["decision"], line["reason"])
    if recipients is not None:
        assert recipients == line["recipients"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--config", "maxRecipient=3"), "did you mean maxRecipients?"),
        (("--config", "maxRecipients=0"), "maxRecipients = 0: must be from 1 to 1000"),
        (("--config", "maxRecipients=x"), "maxRecipients must be of type integer"),
        (("--config", "maxRecipients"), "expected KEY=VALUE"),
        (("--config", "recipientMarker=WHO", "--marker", "WHO"), "is what --marker says"),
    ],
)
def test_a_configuration_that_is_none_is_reported(options: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, ["inspect", *options, str(SEED)])
    assert 2 == result.exit_code
    assert f"--config: {words}" in result.stderr or words in result.stderr
