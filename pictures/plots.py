"""The figures of `python -m benchmarks --json` as pictures.

`plots` gets the parsed JSON. The compared values of a picture are from one run, so that they are
valid on any machine: ratios and counts, and one time that shows its growth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any

from pictures.svg import HUES, INK, SOFT, Picture, curve, element, line, number, text

_WIDTH = 760
_LEFT, _RIGHT, _TOP = 170, 96, 76
_BAR, _GAP = 18, 6
_ACROSS = _WIDTH - _LEFT - _RIGHT

_NAMES = {
    "text to 1": "text, to 1",
    "1 MB to 1": "1 MB attached, to 1",
    "text to 40": "text, to 40",
    "duplicate": "delivered twice",
    "refused": "refused",
    "page": "a look at the page",
    "download of 1 MB": "a download of 1 MB",
}
"""The labels of the cases, in their order in the picture."""

_CALLS = {
    "S3 reads": ("s3.GetObject", "s3.HeadObject"),
    "S3 writes": ("s3.PutObject",),
    "SES mails": ("sesv2.SendEmail",),
    "SNS notices": ("sns.Publish",),
}
_PAID_FOR = {
    "SES": ("SES",),
    "S3": ("S3",),
    "Lambda": ("Lambda",),
    "queue, logs, notices": ("SQS", "SNS", "CloudWatch"),
    "traffic": ("GB to",),
}
"""Prefixes of the names of the lines of a cost (`benchmarks.prices`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """A range of numbers across the picture, logarithmic or linear."""

    least: float
    most: float
    is_logarithmic: bool = False

    def x(self, value: float) -> float:
        low, high, here = self.least, self.most, value
        if self.is_logarithmic:
            low, high, here = log10(low), log10(high), log10(here)
        return _LEFT + _ACROSS * (here - low) / (high - low)


def plots(figures: Mapping[str, Any]) -> dict[str, Picture]:
    """Every picture of the figures, by file name."""
    return {
        "core.svg": _core(figures["core_path"]),
        "parts.svg": _parts(figures["parts"]),
        "calls.svg": _calls(_of_mails(figures["taken"])),
        "cost.svg": _cost(_of_mails(figures["cost"])),
    }


def size_of(size: float) -> str:
    """Bytes in the largest unit (powers of a thousand) that gives at least one."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.2g} {name}"
    return f"{size:.0f} B"


def _of_mails(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    by_name = {entry["name"]: entry for entry in entries}
    return [by_name[name] for name in _NAMES]


def _core(paths: Sequence[Mapping[str, Any]]) -> Picture:
    ways = {"relay": "library_to_relay", "relay without pybase64": "library_to_relay_alone"}
    axis = _Axis(least=0, most=_round_up(max(max(p[k] for k in ways.values()) for p in paths)))
    height = _TOP + len(paths) * (2 * _BAR + 3 * _GAP) + 44
    drawn = [_scale(axis, range(0, int(axis.most) + 1, 5), height - 44, "times")]
    y = _TOP + _GAP
    for path in paths:
        drawn.append(text(size_of(path["message_bytes"]), _LEFT - 12, y + 24, anchor="end"))
        for hue, key in zip(HUES, ways.values(), strict=False):
            drawn.append(_bar(axis, path[key], y, hue))
            drawn.append(text(f"{path[key]:.1f}", axis.x(path[key]) + 6, y + 13))
            y += _BAR + _GAP
        y += _GAP
    here = axis.x(1)
    drawn.append(line(here, _TOP - 4, here, height - 44, class_=INK, stroke_dasharray="3 3"))
    drawn.append(_legend(zip(HUES, ways, strict=False)))
    drawn.append(text("dashed: email itself", _WIDTH - 20, 54, class_=SOFT, anchor="end"))
    summary = "; ".join(
        f"{size_of(path['message_bytes'])}: {path['library_to_relay']:.1f} times,"
        f" without pybase64 {path['library_to_relay_alone']:.1f}"
        for path in paths
    )
    return _picture(
        "How many times as fast as the standard library's email, doing the same job",
        f"Reading a message, detaching and digesting its attachment, writing the rest. {summary}.",
        height,
        drawn,
    )


def _parts(parts: Sequence[Mapping[str, Any]]) -> Picture:
    height, floor = 320, 264
    axis = _Axis(least=1, most=max(part["attachments"] for part in parts), is_logarithmic=True)
    times = {part["attachments"]: part["seconds_each"] * 1e6 for part in parts}
    most = _round_up(max(times.values()), 100)

    def y(microseconds: float) -> float:
        return floor - (floor - _TOP) * microseconds / most

    drawn = []
    for mark in range(0, int(most) + 1, 100):
        drawn.append(line(_LEFT, y(mark), _LEFT + _ACROSS, y(mark)))
        drawn.append(text(f"{mark} µs", _LEFT - 12, y(mark) + 4, class_=SOFT, anchor="end"))
    for number_of, each in times.items():
        x = axis.x(number_of)
        drawn.append(text(f"{number_of:,}", x, floor + 20, class_=SOFT, anchor="middle"))
        drawn.append(element("circle", cx=x, cy=y(each), r=4, class_=HUES[0]))
        drawn.append(text(f"{each:.0f}", x, y(each) - 10, anchor="middle"))
    points = [(axis.x(number_of), y(each)) for number_of, each in times.items()]
    drawn.append(curve(points, class_=HUES[0], stroke_width=2))
    middle = _LEFT + _ACROSS / 2
    drawn.append(
        text("attachments in the message", middle, floor + 42, class_=SOFT, anchor="middle")
    )
    summary = ", ".join(f"{each:.0f} µs for each of {many:,}" for many, each in times.items())
    return _picture(
        f"Time for each attachment, from 1 to {max(times):,} in a message",
        f"The time for the whole message, divided by its attachments: {summary}.",
        height,
        drawn,
    )


def _calls(taken: Sequence[Mapping[str, Any]]) -> Picture:
    counts = [
        {kind: sum(one["calls"].get(name, 0) for name in names) for kind, names in _CALLS.items()}
        for one in taken
    ]
    for one, counted in zip(taken, counts, strict=True):
        if sum(one["calls"].values()) != sum(counted.values()):
            raise ValueError(f"{one['name']} has calls that have no colour: {one['calls']}")
    axis = _Axis(least=0, most=_round_up(max(sum(counted.values()) for counted in counts), 10))
    height = _TOP + len(taken) * (_BAR + _GAP) + 50
    drawn = [_scale(axis, range(0, int(axis.most) + 1, 10), height - 44, "calls")]
    summary = []
    for row, (one, counted) in enumerate(zip(taken, counts, strict=True)):
        y, so_far = _TOP + _GAP + row * (_BAR + _GAP), 0
        drawn.append(text(_NAMES[one["name"]], _LEFT - 12, y + 13, anchor="end"))
        for hue, calls in zip(HUES, counted.values(), strict=False):
            if calls:
                drawn.append(_bar(axis, so_far + calls, y, hue, start=so_far))
            so_far += calls
        drawn.append(text(str(so_far), axis.x(so_far) + 6, y + 13))
        parts = ", ".join(f"{calls} {kind}" for kind, calls in counted.items() if calls)
        summary.append(f"{_NAMES[one['name']]}: {parts}")
    drawn.append(_legend(zip(HUES, _CALLS, strict=False)))
    return _picture("AWS calls of the functions", "; ".join(summary) + ".", height, drawn)


def _cost(costs: Sequence[Mapping[str, Any]]) -> Picture:
    axis = _Axis(least=0.1, most=10_000, is_logarithmic=True)
    height = _TOP + len(costs) * (_BAR + _GAP) + 50
    drawn = [_scale(axis, (0.1, 1, 10, 100, 1000, 10_000), height - 44, "USD")]
    summary = []
    for row, one in enumerate(costs):
        y = _TOP + _GAP + row * (_BAR + _GAP) + _BAR / 2
        drawn.append(text(_NAMES[one["name"]], _LEFT - 12, y + 4, anchor="end"))
        shares = _shares(one["lines"])
        for hue, (kind, usd) in zip(HUES, shares.items(), strict=False):
            if usd >= axis.least:
                drawn.append(_mark(axis.x(usd), y, hue, kind))
        whole = one["usd_per_million"]
        x = axis.x(whole)
        drawn.append(line(x, y - _BAR / 2, x, y + _BAR / 2, class_=INK, stroke_width=2))
        drawn.append(text(f"{whole:,.0f}", x + 12, y + 4))
        parts = ", ".join(f"{kind} {usd:,.1f}" for kind, usd in shares.items() if usd >= 0.05)
        summary.append(f"{_NAMES[one['name']]}: {whole:,.0f} in all ({parts})")
    drawn.append(_legend(zip(HUES, _PAID_FOR, strict=False), are_marks=True))
    drawn.append(text("upright: in all", _WIDTH - 20, 54, class_=SOFT, anchor="end"))
    return _picture(
        "What a million cost, in USD, on a logarithmic scale",
        "; ".join(summary) + ".",
        height,
        drawn,
    )


def _shares(lines: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    shares = dict.fromkeys(_PAID_FOR, 0.0)
    for entry in lines:
        shares[_paid_for(entry["name"])] += entry["usd_per_million"]
    return shares


def _paid_for(name: str) -> str:
    for kind, beginnings in _PAID_FOR.items():
        if name.startswith(beginnings):
            return kind
    raise ValueError(f"{name} is nothing that a picture of costs shows; add it to _PAID_FOR")


def _picture(title: str, description: str, height: float, drawn: Sequence[str]) -> Picture:
    heading = text(title, 20, 30, size=15, weight="600")
    return Picture(
        title=title,
        description=description,
        width=_WIDTH,
        height=height,
        body=heading + "".join(drawn),
    )


def _scale(axis: _Axis, marks: Sequence[float], floor: float, unit: str) -> str:
    drawn = []
    for mark in marks:
        x = axis.x(mark)
        drawn.append(line(x, _TOP - 4, x, floor))
        drawn.append(text(f"{mark:,g}", x, floor + 18, class_=SOFT, anchor="middle"))
    drawn.append(text(unit, _WIDTH - 20, floor + 18, class_=SOFT, anchor="end"))
    return "".join(drawn)


def _bar(axis: _Axis, value: float, y: float, hue: str, start: float = 0) -> str:
    left = axis.x(start)
    return element(
        "rect", x=left, y=y, width=max(0.5, axis.x(value) - left - 1), height=_BAR, class_=hue
    )


def _mark(x: float, y: float, hue: str, kind: str) -> str:
    """A different shape for each kind, because colour alone is not enough."""
    shape = list(_PAID_FOR).index(kind)
    r = 5.0
    corners = (
        (),
        ((-r, -r), (r, -r), (r, r), (-r, r)),
        ((0, -r), (r, r), (-r, r)),
        ((0, -r - 1), (r + 1, 0), (0, r + 1), (-r - 1, 0)),
        ((0, r), (r, -r), (-r, -r)),
    )[shape]
    if not corners:
        return element("circle", cx=x, cy=y, r=r, class_=hue)
    path = " ".join(f"{number(x + right)},{number(y + down)}" for right, down in corners)
    return element("path", d=f"M{path}Z", class_=hue)


def _legend(names: Iterator[tuple[str, str]], *, are_marks: bool = False) -> str:
    drawn, x = [], 20.0
    for hue, name in names:
        if are_marks:
            drawn.append(_mark(x + 6, 50, hue, name))
        else:
            drawn.append(element("rect", x=x, y=44, width=12, height=12, class_=hue))
        drawn.append(text(name, x + 18, 54))
        x += 18 + 7 * len(name) + 22
    return "".join(drawn)


def _round_up(value: float, step: float = 5) -> float:
    return ceil(value / step) * step
