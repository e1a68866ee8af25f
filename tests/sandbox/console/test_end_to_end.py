"""The console of a running sandbox: a mail's whole path, from a device to a download."""

from __future__ import annotations

import binascii
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest

from sandbox.download_client import NotServed, open_page, press
from sandbox.ses_verdicts import EICAR
from tests.sandbox.console_site import Answer, Site, elements
from tests.sandbox.running import (
    TO_PAGE,
    RunningSandbox,
    await_ready,
    recipient_code,
    running_sandbox,
    sandbox_process,
    unique_address,
)
from tests.waiting import eventually


def site_of(relay: RunningSandbox) -> Site:
    return Site(port=int(relay.ready["http"].rpartition(":")[2]))


def hrefs(answer: Answer, beginning: str) -> list[str]:
    """The links of a page that begin with `start`."""
    found = [a["href"] for tag, a in elements(answer.text) if tag == "a" and "href" in a]
    return [href for href in found if href.startswith(beginning)]


def test_from_a_device_to_a_file(relay: RunningSandbox) -> None:
    site, recipient = site_of(relay), unique_address()
    files = {"values.bin": bytes(range(256)) * 1000, "Prüfung.csv": "ä;b\n".encode()}
    mail = EmailMessage()
    mail["From"], mail["Subject"] = relay.device, f"For {recipient}"
    mail.set_content(f"Two files.\n{recipient_code(recipient)}\n")
    mail.add_alternative(f"<p>Two <b>files</b>.</p>{recipient_code(recipient)}", subtype="html")
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    relay.send(mail.as_bytes())

    box = f"/mail/{quote(recipient, safe='')}"
    eventually(lambda: site.ask(box).status == 200, within=60)
    [link] = hrefs(site.ask(box), f"{box}/")
    shown = site.ask(link)
    assert f"For {recipient}" in unescape(shown.text)
    [frame] = [a["src"] for tag, a in elements(shown.text) if tag == "iframe"]
    [page_url] = {href for href in hrefs(site.ask(frame), "http") if TO_PAGE.match(href)}
    # The page has the same origin as the console.
    assert page_url.startswith(f"{relay.ready['http']}/")
    assert relay.ready["stack"]["downloadUrl"].rstrip("/") == relay.ready["http"]

    page = open_page(page_url)
    assert page.heading == f"For {recipient}"
    fetched = [press(page, button) for button in page.buttons if button.is_for_one_file]
    assert files == {file.filename: file.content for file in fetched}


def send_from_console(site: Site, kind: str, recipient: str) -> str:
    """Press the button that sends a test mail; return the path of the mail's page."""
    [token] = set(re.findall(r'name="token" value="([^"]+)"', site.ask("/send").text))
    form = urlencode({"token": token, "kind": kind, "recipient": recipient}).encode()
    answer = site.ask("/do/send", method="POST", body=form)
    assert answer.status == 303
    return answer.header("location") or ""


def test_a_test_mail_is_followed_from_the_button_to_its_end(relay: RunningSandbox) -> None:
    site, recipient = site_of(relay), unique_address()
    ways = {
        fate: send_from_console(site, kind, recipient)
        for fate, kind in (("delivered", "files"), ("partly", "partly"), ("refused", "no-code"))
    }

    def has_come(fate: str) -> bool:
        return f'class="fate fate-{fate}"' in site.ask(ways[fate]).text

    for fate, path in ways.items():
        eventually(lambda fate=fate: has_come(fate), within=60)  # type: ignore[misc]
        assert path in hrefs(site.ask(f"/incoming?fate={fate}"), "/incoming/")
        assert b"Subject: " in site.ask(f"{path}/source").body
    eventually(lambda: "Notices to the operator" in site.ask(ways["refused"]).text)
    # Each delivered mail is linked with its source, and its link opens the page.
    for mail in hrefs(site.ask(ways["delivered"]), "/mail/"):
        raw = site.ask(f"{mail}/source")
        for link in set(filter(TO_PAGE.match, re.findall(r"http://\S+", raw.text))):
            press(open_page(link), open_page(link).buttons[0])
    eventually(lambda: "one download" in site.ask(ways["delivered"]).text)


def test_a_page_for_an_unknown_token_is_the_functions_own(relay: RunningSandbox) -> None:
    answers = [site_of(relay).ask(f"/{letter * 40}") for letter in "aZ"]
    assert [404, 404] == [answer.status for answer in answers]
    # The reference number is read from the token.
    texts = [re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "", answer.text) for answer in answers]
    assert texts[0] == texts[1]
    assert "There is no such page." not in answers[0].text
    with pytest.raises(NotServed, match="404"):
        open_page(f"{relay.ready['http']}/{'a' * 40}")


def test_a_message_that_failed_is_shown_with_its_reason(relay: RunningSandbox) -> None:
    site, sqs = site_of(relay), relay.client("sqs")
    url = relay.ready["stack"]["deadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="<b>no notification</b>")
    try:
        text = eventually(
            lambda: found if "no notification" in (found := site.ask("/queues").text) else ""
        )
        assert "&lt;b&gt;no notification&lt;/b&gt;" in text
        assert "no S3 notification of bucket" in text
        # The console did not receive it: the message is still visible.
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "1"
    finally:
        sqs.purge_queue(QueueUrl=url)


def test_what_happened_to_a_mail_is_reported_everywhere(relay: RunningSandbox) -> None:
    site, subject = site_of(relay), f"no code {unique_address()}"
    relay.send(f"From: {relay.device}\r\nSubject: {subject}\r\n\r\nHello.\r\n".encode())
    relay.await_notice(subject)
    for path in ("/notices", "/log"):
        eventually(lambda path=path: "no-recipient-code" in site.ask(path).text)  # type: ignore[misc]
    eventually(lambda: "MessagesRefused" in site.ask("/metrics").text)
    assert relay.ready["stack"]["queueUrl"] in site.ask("/stack").text
    alarms = site.ask("/alarms").text
    described = relay.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert described
    assert all(alarm["AlarmName"] in alarms for alarm in described)


def test_every_command_that_is_shown_is_of_this_sandbox(relay: RunningSandbox) -> None:
    text = unescape(site_of(relay).ask("/send").text)
    smtp = relay.smtp
    for fact in ("username", "password", "mail_from", "rcpt_to", "ca_file"):
        assert smtp[fact] in text
    assert text.count(f"{smtp['host']}:{smtp['port']}") >= 4


def test_the_command_for_curl_sends_a_mail(relay: RunningSandbox) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page = site_of(relay).ask("/send").text
    commands = [unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    [command] = [text for text in commands if text.startswith("curl ")]
    [recipient] = re.findall(r":([^:\s]+@[^:\s]+):", command)
    before = len(relay.mails(recipient))
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
    eventually(lambda: len(relay.mails(recipient)) > before, within=60)
    assert b"Subject: Hello" in relay.mails(recipient)[-1]


def uuencoded(content: bytes, name: str) -> str:
    """A file inside a text, which SES's scan does not detect in the sandbox."""
    chunks = [content[start : start + 45] for start in range(0, len(content), 45)]
    lines = "".join(binascii.b2a_uu(chunk).decode() for chunk in chunks)
    return f"begin 644 {name}\n{lines}`\nend\n"


def test_a_threat_is_not_handed_out_and_what_is_not_scanned_has_to_wait(tmp_path: Path) -> None:
    config = ("linkMode=page", "malwareProtection=true")
    with running_sandbox(tmp_path, config, ("--scan-delay", "2")) as relay:
        recipient = unique_address()
        mail = EmailMessage()
        mail["From"], mail["Subject"] = relay.device, "Two files"
        text = uuencoded(b"well", "good.bin") + uuencoded(EICAR, "bad.bin")
        mail.set_content(f"{recipient_code(recipient)}\n{text}", cte="7bit")
        relay.send(mail.as_bytes())
        raw = relay.await_mail(recipient).decode()
        [link] = {url for url in re.findall(r"http://\S+", raw) if TO_PAGE.match(url)}

        def offered() -> dict[str, bytes]:
            """The files that can be fetched now; none while there is no form."""
            try:
                page = open_page(link)
            except NotServed:
                return {}
            files = [press(page, button) for button in page.buttons if button.is_for_one_file]
            return {file.filename: file.content for file in files}

        first = offered()
        assert {"good.bin": b"well"} == eventually(offered)
        # At first, the good file may be scanned already; the bad one is never offered.
        assert first in ({}, {"good.bin": b"well"})

        def verdicts() -> dict[str, str]:
            """What the scan found in each file; nothing until all are scanned."""
            tags = {
                key.rpartition("/")[2]: relay.client("s3").get_object_tagging(
                    Bucket=relay.ready["stack"]["attachmentsBucket"], Key=key
                )["TagSet"]
                for key in relay.stored_attachments()
            }
            return (
                {name: found[0]["Value"] for name, found in tags.items()}
                if all(tags.values())
                else {}
            )

        expected = {"good.bin": "NO_THREATS_FOUND", "bad.bin": "THREATS_FOUND"}
        assert expected == eventually(verdicts)
        assert {"good.bin": b"well"} == offered()


def test_no_browser_holds_up_the_end(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    ready_file = tmp_path / "ready.json"
    with sandbox_process(
        tmp_path, "--ready-file", str(ready_file), environment={"TMPDIR": str(temporary)}
    ) as process:
        relay = await_ready(process, tmp_path, ready_file)
        site = site_of(relay)
        assert urlsplit(relay.ready["http"]).hostname == "127.0.0.1"
        listening = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        listening.request("GET", "/events")
        stream = listening.getresponse()
        while not (line := stream.readline()).startswith(b"data: "):
            pass
        assert "mail" in json.loads(line.removeprefix(b"data: "))
        stuck = []
        for request in (
            b"GET / HTTP/1.1\r\nHo",
            b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 40),
            b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n" % (b"a" * 40),
        ):
            one = socket.create_connection(("127.0.0.1", site.port))
            one.sendall(request)
            stuck.append(one)
        assert site.ask("/").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for one in stuck:
            one.close()
        listening.close()
    assert list(temporary.iterdir()) == []
    assert (tmp_path / "stderr").read_text() == ""
