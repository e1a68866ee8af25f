"""The pages about the stack: overview, notices, queues, alarms, log, metrics, exports."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sandbox.smtp.access import swaks_command

from .incoming_pages import rows_of
from .page import Console, has_words, search_words

_LATEST = 8
_MAX_NOTICES = 50


def overview(console: Console, _request: Request) -> Response:
    """The newest items of each kind."""
    content = console.content
    return console.render(
        "overview.html",
        title="Overview",
        section="overview",
        live="activity alarms faults log mail notices queues",
        has_forms=True,
        rows=rows_of(content.incoming_mails()[:_LATEST]),
        # Log lines have their own page.
        recent_events=[one for one in content.journal.recent_events() if one.kind != "function"][
            :_LATEST
        ],
        depths=content.queues.depths(),
        firing=[alarm for alarm in content.alarms.views() if alarm.is_firing],
        swaks=swaks_command(content.smtp, content.code),
    )


def notices(console: Console, _request: Request) -> Response:
    """The notices to the operator."""
    found = console.content.read_notices()
    return console.render(
        "notices.html",
        title="Notices",
        section="notices",
        live="notices",
        notices=found[:_MAX_NOTICES],
        more=len(found) - _MAX_NOTICES,
    )


def queues(console: Console, _request: Request) -> Response:
    """The messages in the queues."""
    views = console.content.queues.views()
    return console.render(
        "queues.html", title="Queues", section="queues", live="queues", queues=views
    )


def alarms(console: Console, _request: Request) -> Response:
    """Every alarm."""
    views = console.content.alarms.views()
    return console.render(
        "alarms.html", title="Alarms", section="alarms", live="alarms", alarms=views
    )


def log(console: Console, request: Request) -> Response:
    """The last log lines of the functions; with a search, the matching ones."""
    words = search_words(request)
    lines = [
        line
        for line in console.content.journal.lines()
        if has_words(words, line.message, line.level, line.function, *line.details.values())
    ]
    return console.render(
        "log.html",
        title="Log",
        section="log",
        live="log",
        has_forms=True,
        lines=lines,
        sought=" ".join(words),
    )


def metrics(console: Console, _request: Request) -> Response:
    """The metrics of the functions."""
    totals = console.content.journal.metrics()
    return console.render(
        "metrics.html", title="Metrics", section="metrics", live="log", totals=totals
    )


def stack(console: Console, _request: Request) -> Response:
    """The program's exports."""
    exports = sorted(console.content.stack.items())
    return console.render("stack.html", title="Stack", section="stack", exports=exports)
