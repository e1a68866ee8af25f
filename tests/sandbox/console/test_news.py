"""New events are sent to open pages."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from tests.sandbox.console_site import (
    elements,
    make_content,
    served,
)


def read_event(stream: http.client.HTTPResponse) -> dict[str, str]:
    """The next event's data."""
    while True:
        line = stream.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            found: dict[str, str] = json.loads(line.removeprefix(b"data: "))
            return found


def test_a_listener_is_notified_of_a_mail(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    with served(content) as site:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        connection.request("GET", "/events")
        stream = connection.getresponse()
        assert stream.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        before = read_event(stream)
        content.outbox.deliver("r@example.com", b"Subject: s\r\n\r\n", "1.eml")
        after = read_event(stream)
        assert {"mail"} == {topic for topic in after if after[topic] != before[topic]}
        # A page states what it shows, so that no event is missed after it was loaded.
        [main] = [a for tag, a in elements(site.ask("/mail").text) if tag == "main"]
        assert after == json.loads(main["data-seen"])
        connection.close()
