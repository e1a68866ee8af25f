"""The figures as tables for a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rich.table import Table

from benchmarks import cost, lambda_times, prices
from benchmarks.cost import Kind
from benchmarks.figures import Figures

_KB, _MB = 1_000, 1_000_000


def _size(size: int) -> str:
    return f"{size / _MB:.3g} MB" if size >= _MB else f"{size / _KB:.0f} kB"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.2f} ms"


def tables_of(figures: Figures) -> Iterator[Table]:
    """Every figure, in tables."""
    yield _core_paths(figures)
    yield _ratios(figures)
    yield _decoding(figures)
    yield _floor(figures)
    yield _memory(figures)
    yield _parts(figures)
    yield _throughput(figures)
    yield _calls(figures)
    yield _cost(figures)
    yield _prices()
    yield _cold_start(figures)
    yield from lambda_times.tables_of(figures.lambda_times)
    yield _shapes(figures)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=not heading)
    return table


def _core_paths(figures: Figures) -> Table:
    table = _table(
        "Core path: parse, plan, decode, digest, rewrite",
        *("message", "relay", "without pybase64", "its MIME engine", "email, the same job"),
        *("email's parse + generate", "by compat32"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.relay_seconds),
            _time(one.relay_alone_seconds),
            _time(one.engine_seconds),
            _time(one.library_seconds),
            _time(one.round_trip_seconds),
            _time(one.round_trip_compat32_seconds),
        )
    return table


def _ratios(figures: Figures) -> Table:
    table = _table(
        "How many times as fast as email, and what share of its parse + generate",
        *("message", "relay", "without pybase64", "of parse + generate", "by compat32"),
        *("its MIME engine", "by compat32"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            f"{one.library_to_relay:.1f} x",
            f"{one.library_to_relay_alone:.1f} x",
            f"{one.relay_to_round_trip:.2f}",
            f"{one.relay_to_round_trip_compat32:.2f}",
            f"{one.engine_to_round_trip:.2f}",
            f"{one.engine_to_round_trip_compat32:.2f}",
        )
    return table


def _decoding(figures: Figures) -> Table:
    table = _table(
        "Against nothing but decoding the base64",
        *("message", "a2b_base64", "relay without pybase64", "pybase64", "relay"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.binascii_seconds),
            f"{one.relay_alone_to_binascii:.2f} of it",
            _time(one.pybase64_seconds),
            f"{one.relay_to_pybase64:.2f} of it",
        )
    return table


def _floor(figures: Figures) -> Table:
    table = _table(
        "The floor: one search for delimiters, one decoding, one SHA-256",
        *("message", "search", "pybase64", "SHA-256", "floor", "relay"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.search_seconds),
            _time(one.pybase64_seconds),
            _time(one.sha256_seconds),
            _time(one.floor_seconds),
            f"{one.relay_to_floor:.2f} of it",
        )
    return table


def _memory(figures: Figures) -> Table:
    table = _table("Peak memory, the message included", "message", "growth", "of message")
    for one in figures.memory:
        table.add_row(
            _size(one.message_bytes), _size(one.growth_bytes), f"{one.growth_to_message:.2f}"
        )
    return table


def _parts(figures: Figures) -> Table:
    table = _table("Growth with the number of attachments", "attachments", "relay", "for each")
    for one in figures.parts:
        table.add_row(
            f"{one.attachments:,}",
            _time(one.relay_seconds),
            f"{one.seconds_each * 1e6:.0f} us",
        )
    return table


def _throughput(figures: Figures) -> Table:
    table = _table(
        "The function, one mail at a time, over AWS that answers at once",
        *("mail", "size", "calls", "mails a second", "function", "its calls alone", "ratio"),
    )
    for one in figures.throughput:
        table.add_row(
            one.mail,
            _size(one.message_bytes),
            str(one.calls),
            f"{one.messages_per_second:.0f}",
            _time(one.function_seconds),
            _time(one.bare_seconds),
            f"{one.function_to_bare:.2f}",
        )
    return table


def _calls(figures: Figures) -> Table:
    table = _table(
        "AWS calls, counted as they leave (`first` of a container)",
        *("", *(one.name for one in figures.taken)),
    )
    for name in sorted({name for one in figures.taken for name in one.calls}):
        numbers = [one.calls.get(name, 0) for one in figures.taken]
        table.add_row(name, *(str(number) if number else "" for number in numbers))
    return table


def _cost(figures: Figures) -> Table:
    table = _table(
        f"USD for a million, by list prices ({prices.REGION}, {prices.AS_OF})",
        *("", *(one.name for one in figures.cost)),
    )
    for kind in Kind:
        table.add_section()
        table.add_row(f"{kind}:")
        rows: defaultdict[str, list[float]] = defaultdict(list)
        for one in figures.cost:
            for line in one.lines:
                if line.kind is kind:
                    rows[line.name].append(line.usd_per_million)
        for name, usd in rows.items():
            if any(usd):
                table.add_row(name, *map(_usd, usd))
    table.add_section()
    table.add_row("in all", *(_usd(one.usd_per_million) for one in figures.cost))
    table.caption = (
        "counted: what the function did. given: what AWS does before and after it."
        f" estimated: Lambda's time, if AWS answers after {cost.AWS_SECONDS} s. Bytes are kept"
        f" {cost.RETENTION_DAYS} days.\n"
        f"Left out: {prices.LEFT_OUT}."
    )
    table.caption_justify = "left"
    return table


def _usd(amount: float) -> str:
    return f"{amount:,.2f}" if amount else ""


def _prices() -> Table:
    table = _table(
        f"The list prices, {prices.REGION}, {prices.AS_OF}: no measurement", "", "USD", "for"
    )
    for price in prices.ALL:
        table.add_row(price.name, f"{price.usd:g}", f"{price.per:,.0f}")
    table.caption = "Source: https://aws.amazon.com/<service>/pricing/"
    table.caption_justify = "left"
    return table


def _cold_start(figures: Figures) -> Table:
    table = _table(
        "Cold start: import and clients, in processor time",
        *("function", "code", "function", "boto3 and the clients alone", "ratio"),
    )
    for one in figures.cold_start:
        table.add_row(
            one.function,
            one.code,
            _time(one.function_seconds),
            _time(one.boto3_seconds),
            f"{one.function_to_boto3:.2f}",
        )
    return table


def _shapes(figures: Figures) -> Table:
    table = _table(
        "Costly shapes of mail through the function, worst first",
        *("shape", "message", "what became of it", "processor time, 10 MB", "peak ÷ size"),
    )
    for one in figures.shapes:
        table.add_row(
            one.name,
            _size(one.message_bytes),
            one.outcome,
            f"{one.cpu_seconds_per_10_mb:.2f} s",
            f"{one.growth_to_message:.1f}",
        )
    return table
