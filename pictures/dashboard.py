"""The dashboard of a stack as an operator sees it, drawn from the text that CloudWatch gets.

Widgets, their places, titles, curves and lines are those of `infra.watching.dashboard.body`, with
the configuration's defaults. Only the curves' values are sample data, which the picture states.
They show six hours of a site that sends some hundred mails in five minutes; in the last half hour
nearly all of SES's answers are errors, so that alarms fire. CloudWatch shows each curve's label in
the legend; the picture also shows the metric's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.configuration.config import StackConfig
from infra.watching import dashboard, dashboard_columns
from infra.watching.alarm import Alarm
from infra.watching.alarms import Thresholds, alarms
from infra.watching.metrics import Subject

from .sample_data import POINTS, SEARCHED, random_walk, sample
from .svg import HUES, INK, SOFT, Picture, curve, element, line, number, text

_UNIT, _ROW = 54, 32  # of CloudWatch's grid, in pixels


_MARGIN, _HEADER = 16, 58

_MAX_WITH_METRIC = 4
"""The most series with one legend line each; more share lines."""

_NAMES: Mapping[Subject, str] = {
    Subject.INCOMING_QUEUE: "mail-relay-prod-incoming",
    Subject.DEAD_LETTER_QUEUE: "mail-relay-prod-incoming-dead-letters",
    Subject.FUNCTION: "mail-relay-prod-function",
    Subject.RELAY: "mail-relay-prod",
    Subject.DOWNLOAD_PAGE: "mail-relay-prod-download",
    Subject.DEVICE_MAIL: "mail-relay-prod-devices",
}

_SUBJECTS = {name: subject for subject, name in _NAMES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    """One curve. `taken` is the statistic or the dimension of its values."""

    label: str
    metric: str
    taken: str
    values: tuple[float, ...]


def dashboard_picture() -> Picture:
    """The dashboard with the configuration's defaults and sample data.

    Raises:
        UnknownMetric: if a metric has no sample data yet.
    """
    watched = _alarms()
    widgets = _widgets(watched)
    height = _HEADER + _MARGIN + _ROW * max(one["y"] + one["height"] for one in widgets)
    firing = [alarm.key for alarm in watched if _is_firing(alarm)]
    shown = "; ".join(
        widget["properties"]["title"] for widget in widgets if widget["type"] == "metric"
    )
    title = "The dashboard of a stack, with sample data"
    return Picture(
        title=title,
        description="Six hours, SES failing in the last half hour. In alarm: "
        f"{', '.join(firing)}. Graphs: {shown}.",
        width=2 * _MARGIN + 24 * _UNIT,
        height=height,
        body=text("mail-relay-prod", _MARGIN, 27, size=16, weight="600")
        + text(
            "SAMPLE DATA, no measurement: six hours of a site, SES failing in the last half hour",
            _MARGIN,
            46,
            class_=SOFT,
        )
        + "".join(_widget(widget, watched) for widget in widgets),
    )


def _alarms() -> tuple[Alarm, ...]:
    thresholds = Thresholds(
        failed_messages=_default("dlq_alarm_threshold"),
        oldest_message_seconds=_default("queue_age_alarm_seconds"),
        messages_in_five_minutes=_default("traffic_alarm_threshold"),
    )
    return alarms(
        thresholds, dashboard="mail-relay-prod", log_group="", page_log_group="", is_scanned=False
    )


def _default(field: str) -> int:
    default: Any = StackConfig.__dataclass_fields__[field].default
    return int(default)


def _widgets(watched: Sequence[Alarm]) -> list[dict[str, Any]]:
    limits = dashboard_columns.Limits(
        function_timeout_seconds=_default("function_timeout_seconds"),
        max_concurrency=_default("max_concurrency"),
        download_max_concurrency=_default("download_max_concurrency"),
    )
    written = dashboard.body(
        dashboard_columns.columns(limits),
        watched,
        names=_NAMES,
        alarm_arns=[alarm.key for alarm in watched],
        region="eu-central-1",
    )
    widgets: list[dict[str, Any]] = json.loads(written)["widgets"]
    return widgets


def _is_firing(alarm: Alarm) -> bool:
    metric = alarm.metric
    return sample(metric.of, metric.name, metric.statistic)[-1] > alarm.threshold


def _curves(widget: Mapping[str, Any]) -> Iterator[_Curve]:
    for entry in widget["properties"]["metrics"]:
        if isinstance(entry[0], dict):
            yield from _found(entry[0])
            continue
        _, metric, *dimensions, options = entry
        subject = _SUBJECTS[dimensions[1]] if dimensions else Subject.ACCOUNT
        yield _Curve(
            label=options["label"],
            metric=metric,
            taken=options["stat"],
            values=sample(subject, metric, options["stat"]),
        )


def _found(search: Mapping[str, str]) -> Iterator[_Curve]:
    dimension = search["label"].removeprefix("${PROP('Dim.").removesuffix("')}")
    metric = search["expression"].partition('MetricName="')[2].partition('"')[0]
    for value, usual in SEARCHED[dimension].items():
        yield _Curve(
            label=value,
            metric=metric,
            taken=f"by {dimension}",
            values=random_walk(usual, usual, f"{metric} {value}"),
        )


def _widget(widget: Mapping[str, Any], watched: Sequence[Alarm]) -> str:
    x, y = _MARGIN + _UNIT * widget["x"], _HEADER + _ROW * widget["y"]
    width, height = _UNIT * widget["width"], _ROW * widget["height"]
    if widget["type"] == "text":
        heading, explanation = widget["properties"]["markdown"].split("\n")
        return text(heading.removeprefix("## "), x + 4, y + 24, size=15, weight="600") + text(
            explanation, x + 4, y + 42, class_=SOFT, size=11
        )
    frame = element(
        "rect",
        x=x + 2,
        y=y + 2,
        width=width - 4,
        height=height - 4,
        rx=4,
        fill="none",
        class_="frame",
    )
    inside = (
        _states(widget, watched, x, y, width)
        if widget["type"] == "alarm"
        else _graph(widget, x + 10, y, width - 20, height)
    )
    return (
        frame
        + text(widget["properties"]["title"], x + 10, y + 19, size=11.5, weight="600")
        + inside
    )


def _states(
    widget: Mapping[str, Any], watched: Sequence[Alarm], x: float, y: float, width: float
) -> str:
    by_key = {alarm.key: alarm for alarm in watched}
    keys = widget["properties"]["alarms"]
    in_a_row = -(-len(keys) // 2)
    each = (width - 20) / in_a_row
    drawn = []
    for place, key in enumerate(keys):
        row, column = divmod(place, in_a_row)
        left, top = x + 10 + column * each, y + 30 + row * 24
        is_firing = _is_firing(by_key[key])
        hue = "red" if is_firing else "green"
        drawn.append(element("rect", x=left, y=top, width=10, height=14, rx=2, class_=hue))
        words = f"{key}: in alarm" if is_firing else f"{key}: OK"
        drawn.append(
            text(words, left + 15, top + 11, size=11, weight="600" if is_firing else None)
        )
    return "".join(drawn)


def _graph(widget: Mapping[str, Any], x: float, y: float, width: float, height: float) -> str:
    curves = tuple(_curves(widget))
    lines = widget["properties"]["annotations"]["horizontal"]
    is_stacked = widget["properties"]["stacked"]
    legend, legend_height = _legend(curves, x, y + height - 10, width)
    top, floor = y + 40, y + height - 20 - legend_height
    drawn_curves = _stacked(curves) if is_stacked else curves
    highest = max(
        [max(one.values) for one in drawn_curves] + [float(one["value"]) for one in lines]
    )
    most = 1.12 * highest or 1.0
    step = width / (POINTS - 1)

    def place(value: float) -> float:
        return floor - (floor - top) * value / most

    drawn = [
        line(x, floor, x + width, floor),
        line(x, top, x + width, top, stroke_dasharray="1 3"),
        text(_short(most), x, top - 3, class_=SOFT, size=9),
        text("6 h ago", x, floor + 10, class_=SOFT, size=9),
        text("now", x + width, floor + 10, class_=SOFT, size=9, anchor="end"),
    ]
    below = [floor] * POINTS
    for order, one in enumerate(drawn_curves):
        hue, dashes = _hue(order)
        heights = [place(value) for value in one.values]
        if is_stacked:
            drawn.append(_area(x, step, heights, below, hue))
            below = heights
        points = [(x + step * point, at) for point, at in enumerate(heights)]
        drawn.append(curve(points, class_=hue, stroke_width=1.5, stroke_dasharray=dashes))
    for value, labels in _by_value(lines).items():
        at = place(value)
        is_alarm = labels[0].startswith("alarm ")
        hue = "red" if is_alarm else INK
        drawn.append(line(x, at, x + width, at, class_=hue, stroke_dasharray="6 3"))
        words = f"{_together(labels)} > {_short(value)}" if is_alarm else ", ".join(labels)
        size = 8.5 if _width_of(words) < width else 8
        drawn.append(text(words, x + width, at - 3, class_=hue, size=size, anchor="end"))
    return "".join(drawn) + legend


def _by_value(lines: Sequence[Mapping[str, Any]]) -> dict[float, list[str]]:
    """The labels of lines with the same value, such as those of several alarms on events."""
    labels: dict[float, list[str]] = {}
    for one in lines:
        labels.setdefault(one["value"], []).append(one["label"])
    return labels


def _together(labels: Sequence[str]) -> str:
    keys = [label.removeprefix("alarm ") for label in labels]
    return f"{'alarm' if len(keys) == 1 else 'alarms'} {', '.join(keys)}"


def _area(x: float, step: float, above: Sequence[float], below: Sequence[float], hue: str) -> str:
    there = [f"{number(x + step * point)},{number(at)}" for point, at in enumerate(above)]
    back = [f"{number(x + step * point)},{number(at)}" for point, at in enumerate(below)]
    return element("path", d=f"M{' '.join(there + back[::-1])}Z", class_=hue, fill_opacity=0.4)


def _stacked(curves: Sequence[_Curve]) -> tuple[_Curve, ...]:
    """Each curve added to those before it."""
    so_far = [0.0] * POINTS
    stacked = []
    for one in curves:
        so_far = [below + value for below, value in zip(so_far, one.values, strict=True)]
        stacked.append(replace(one, values=tuple(so_far)))
    return tuple(stacked)


def _legend(curves: Sequence[_Curve], x: float, bottom: float, width: float) -> tuple[str, float]:
    """The legend above `bottom`, and its height."""
    rows: list[list[tuple[int | None, str]]] = []
    if len(curves) <= _MAX_WITH_METRIC:
        for order, one in enumerate(curves):
            whole = f"{one.label}: {one.metric}, {one.taken}"
            if 14 + _width_of(whole) <= width:
                rows.append([(order, whole)])
            else:
                rows += [[(order, f"{one.label}, {one.taken}:")], [(None, one.metric)]]
    else:
        room = 0.0
        for order, one in enumerate(curves):
            needed = 14 + _width_of(one.label)
            if needed > room:
                rows.append([])
                room = width
            rows[-1].append((order, one.label))
            room -= needed
    drawn, height = [], 11.0 * len(rows)
    for row, entries in enumerate(rows):
        left, base = x, bottom - height + 11 * (row + 1)
        for which, words in entries:
            if which is not None:
                drawn.append(_sample_line(left, base - 3, which))
            drawn.append(text(words, left + 12, base, size=8.5))
            left += 14 + _width_of(words)
    return "".join(drawn), height


def _sample_line(x: float, y: float, order: int) -> str:
    hue, dashes = _hue(order)
    return line(x, y, x + 9, y, class_=hue, stroke_width=2, stroke_dasharray=dashes)


def _width_of(words: str) -> float:
    return 4.7 * len(words) + 4


def _hue(order: int) -> tuple[str, str | None]:
    """A colour, with dashes where the colours repeat."""
    return HUES[order % len(HUES)], "3 2" if order >= len(HUES) else None


def _short(value: float) -> str:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value:.2g}" if value < 10 else number(value).partition(".")[0]
