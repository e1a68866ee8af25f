"""The console: its content, and the requests and scripts that it blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.console import ConsoleContent
from sandbox.events import SandboxFailure
from tests.sandbox.console_site import (
    FixedAlarms,
    FixedIncoming,
    FixedQueues,
    Site,
    elements,
    make_content,
    one_of_each,
    served,
)

MAILBOX = "a/b@example.com"
BOX = "/mail/a%252Fb%40example.com"
MAIL = f"{BOX}/1.eml"
WITH_FORMS = {"/", "/incoming", "/mail", "/log", "/send", "/faults"}
PAGES = (
    *("/", "/mail", "/notices", "/queues", "/alarms", "/log", "/metrics", "/stack", "/send"),
    *("/incoming", *(f"/incoming/{one.message_id}" for one in one_of_each(""))),
    *(BOX, MAIL, *(f"{MAIL}?view={view}" for view in ("html", "text", "source", "headers"))),
)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>&amp;"
PNG = b"\x89PNG\r\n\x1a\nnot really"


def make_mail(text: str) -> bytes:
    """A mail with `text` in every possible place: header, bodies, file name."""
    mail = EmailMessage()
    mail["Subject"] = mail["X-Other"] = text
    mail["From"] = "a@example.com"
    mail.set_content(text)
    related = EmailMessage()
    related.set_content(f'<p onclick="x()">{text}</p><img src="cid:one@x">', subtype="html")
    related.add_related(PNG, "image", "png", cid="<one@x>", filename=text)
    mail.make_alternative()
    mail.attach(related)
    return mail.as_bytes()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with hostile text in every place, and a secret file beside the mailboxes."""
    folder = tmp_path_factory.mktemp("console")
    content = make_content(folder, HOSTILE)
    content.outbox.deliver(MAILBOX, make_mail(HOSTILE), "1.eml")
    (folder / "secret.txt").write_text(SECRET)
    with served(content) as running:
        yield running


SECRET = "nobody is to read this"
OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "img"),
    *("a", "span", "ul", "ol", "li", "h1", "h2", "p", "pre", "code", "time", "strong", "div"),
    *("section", "article", "dl", "dt", "dd", "details", "summary", "iframe"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "form", "label", "input", "select"),
    *("option", "button"),
}


def assert_nothing_runs(page: str) -> None:
    """Only the console's own elements, one script, which is its own file, and nothing inline."""
    found = elements(page)
    assert {tag for tag, _ in found} <= OURS
    scripts = [attributes for tag, attributes in found if tag == "script"]
    assert [{"src": "/static/console.js", "defer": None}] == scripts
    names = {name for _, attributes in found for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in {"style", "srcdoc"}]
    assert {"/static/icon.svg"} == {a["src"] for tag, a in found if tag == "img"}
    assert all(re.match(r"[/?#]", a["href"]) for tag, a in found if tag == "a")


@pytest.mark.parametrize("path", PAGES)
def test_whatever_a_page_shows_is_text(site: Site, path: str) -> None:
    answer = site.ask(path)
    assert answer.status == 200
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert_nothing_runs(answer.text)
    # The text must be shown too: otherwise a console that drops it would pass.
    assert "alert(1)" in unescape(answer.text)


@pytest.mark.parametrize("path", [*PAGES, "/faults", "/nowhere", "/static/console.css"])
def test_every_answer_is_guarded(site: Site, path: str) -> None:
    answer = site.ask(path)
    policy = answer.header("content-security-policy") or ""
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["img-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["form-action"] == ("'self'" if path in WITH_FORMS else "'none'")
    assert "unsafe" not in policy
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cross-origin-resource-policy") == "same-origin"
    assert answer.header("cache-control") == "no-store"


Changing = tuple[Site, ConsoleContent]


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    """A site whose contents a test changes while it runs."""
    content = make_content(tmp_path_factory.mktemp("changing"))
    with served(content) as running:
        yield running, content


def make_raw(text: str) -> bytes:
    """A mail with this raw text, which no library would write."""
    words, name = text.encode(), quote(text, safe="").encode()
    return (
        b"Subject: " + words + b"\r\nFrom: " + words + b"\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + words + b"\r\n--x\r\n"
        b"Content-Type: " + words + b"\r\nContent-Disposition: attachment;"
        b" filename*=utf-8''" + name + b"\r\n\r\n" + words + b"\r\n--x--\r\n"
    )


@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=30)
def test_no_words_become_an_element(changing: Changing, text: str) -> None:
    site, content = changing
    content.outbox.deliver("r@example.com", make_raw(text), "1.eml")
    content.queues, content.alarms = FixedQueues(text=text), FixedAlarms(text=text)
    content.journal(SandboxFailure(text=text))
    content.incoming = FixedIncoming(found=one_of_each(text), content=make_raw(text))
    mails = ("/mail/r%40example.com", "/mail/r%40example.com/1.eml", "/incoming/partly")
    for path in ("/", *mails, "/incoming", "/queues"):
        assert_nothing_runs(site.ask(path).text)


@given(raw=st.binary(max_size=300))
@settings(max_examples=50)
def test_every_mail_has_a_page_and_its_source(changing: Changing, raw: bytes) -> None:
    site, content = changing
    content.outbox.deliver("r@example.com", raw, "1.eml")
    assert site.ask("/mail/r%40example.com/1.eml").status == 200
    assert raw == site.ask("/mail/r%40example.com/1.eml/source").body


def test_every_link_of_the_console_leads_somewhere(site: Site) -> None:
    seen, left = set[str](), ["/"]
    while left:
        path = left.pop()
        seen.add(path)
        answer = site.ask(path)
        assert answer.status == 200, path
        if (answer.header("content-type") or "").startswith("text/html") and "/frame" not in path:
            found = elements(answer.text)
            hrefs = [
                a.get("href") or a.get("src") for _, a in found if a.get("href") or a.get("src")
            ]
            local = {urljoin(path, href).partition("#")[0] for href in hrefs}
            left += sorted(local - seen - set(left))
    assert {MAIL, f"{MAIL}/frame", f"{MAIL}/source", f"{MAIL}/part/1"} <= seen


def test_html_is_shown_in_a_frame_that_can_do_nothing(site: Site) -> None:
    [frame] = [a for tag, a in elements(site.ask(MAIL).text) if tag == "iframe"]
    allowed = frame["sandbox"].split()
    assert not {"allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation"} & {
        *allowed
    }
    answer = site.ask(frame["src"])
    policy = answer.header("content-security-policy") or ""
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline';" in policy
    assert policy.endswith(f"sandbox {frame['sandbox']}")
    # The mail's own image is in the document, as a data URL.
    [image] = [a for tag, a in elements(answer.text) if tag == "img" and "alt" not in a][-1:]
    assert image["src"].startswith("data:image/png;base64,")


def test_a_file_of_a_mail_is_only_kept(site: Site) -> None:
    answer = site.ask(f"{MAIL}/part/1")
    assert PNG == answer.body
    assert answer.header("content-type") == "application/octet-stream"
    assert (answer.header("content-disposition") or "").startswith('attachment; filename="')
    assert "sandbox" in (answer.header("content-security-policy") or "")


def test_the_source_is_what_it_is(site: Site) -> None:
    answer = site.ask(f"{MAIL}/source")
    assert make_mail(HOSTILE).partition(b"boundary")[0] == answer.body.partition(b"boundary")[0]
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert "sandbox" in (answer.header("content-security-policy") or "")


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/mail/nobody@example.com", f"{BOX}/2.eml", f"{MAIL}/part/0"),
        *(f"{MAIL}/part/2", f"{MAIL}/part/99999999999999999999", "/mail/..", "/mail/../"),
        *("/static/", "/static/../routes.py", "/static/%2e%2e/routes.py", "/mail//", "//"),
    ],
)
def test_there_is_no_other_page(site: Site, path: str) -> None:
    answer = site.ask(path)
    assert answer.status == 404
    assert "There is no such page." in answer.text


SEGMENTS = st.sampled_from(
    [
        *("..", ".", "%2e%2e", "%2E%2e", "..%2f", "%2f", "%5c", "%00", "", "new", "cur", "tmp"),
        *("mail", "static", "outbox", "a%252Fb%40example.com", "a%2Fb%40example.com", "1.eml"),
        *("secret.txt", "notices.jsonl", "source", "frame", "part", "1", "..%2fsecret.txt"),
    ]
)


@given(segments=st.lists(SEGMENTS, max_size=7))
def test_no_path_is_made_from_a_request(site: Site, segments: list[str]) -> None:
    assert SECRET not in site.ask("/" + "/".join(segments)).body.decode("utf-8", "replace")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", [*PAGES, f"{MAIL}/source", "/static/console.js"])
def test_the_console_only_shows(site: Site, method: str, path: str) -> None:
    assert site.ask(path, method=method).status == 405


@pytest.mark.parametrize("path", ["/", MAIL, "/nowhere"])
def test_head_answers_as_get_does(site: Site, path: str) -> None:
    head, get = site.ask(path, method="HEAD"), site.ask(path)
    assert head.status == get.status
    assert head.body == b""
    assert head.header("content-type") == get.header("content-type")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "["]
)
def test_under_another_name_there_is_nothing(site: Site, host: str) -> None:
    answer = site.ask("/", host=host)
    assert answer.status == 421
    assert "alert" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "[::1]:8080"])
def test_this_machine_has_several_names(site: Site, host: str) -> None:
    assert site.ask("/", host=host).status == 200


def test_a_mailbox_has_as_many_pages_as_it_takes(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    for number in range(101):
        content.outbox.deliver("r@example.com", b"Subject: s\r\n\r\n", f"{number:03}.eml")
    names = set[str]()
    with served(content) as site:
        for page in (1, 2, 3):
            text = site.ask(f"/mail/r%40example.com?page={page}").text
            assert f"Page {page} of 3" in text
            names |= set(re.findall(r"/(\d{3}\.eml)", text))
        for wrong in ("0", "-1", "x", "4", "9" * 30, "٣"):
            assert site.ask(f"/mail/r%40example.com?page={quote(wrong)}").status == 200
    assert {f"{number:03}.eml" for number in range(101)} == names


def test_a_notice_that_is_being_written_is_not_there_yet(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    with content.notices.open("ab") as file:
        file.write('{"topic": "fallback", "subject": "ü'.encode()[:-1])
    with served(content) as site:
        answer = site.ask("/notices")
        assert answer.status == 200
        assert 'Notices <span class="badge">1<' in answer.text
