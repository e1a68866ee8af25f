"""On which line of a JSON document each of its keys and items is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(slots=True)
class _Open:
    """An object or a list that is being read, with its current key or index."""

    is_list: bool
    at: str | int
    expects_key: bool


def find_lines(document: str) -> Mapping[str, int]:
    """The lines of a document, which must be JSON, by place (`groups.oncall[2]`), in lower case.

    Of two keys of one name the line is that of the second, under its bare name as well: that is
    how `relay_core.policy.directory` names it.
    """
    lines: dict[str, int] = {}
    opened: list[_Open] = []
    line, counted = 1, 0
    for token in _TOKEN.finditer(document):
        text = token.group()
        line += document.count("\n", counted, token.start())
        counted = token.start()
        here = opened[-1] if opened else None
        if here and here.expects_key and text.startswith('"'):
            here.at, here.expects_key = json.loads(text), False
            place = _place(opened)
            if place in lines:
                lines[str(here.at).lower()] = line
            lines[place] = line
            continue
        if here and here.is_list and text not in {",", "]"}:
            lines[_place(opened)] = line
        if text in {"{", "["}:
            is_list = text == "["
            opened.append(_Open(is_list, 0 if is_list else "", not is_list))
        elif text in {"}", "]"} and opened:
            opened.pop()
        elif text == "," and here:
            if isinstance(here.at, int):
                here.at += 1
            else:
                here.expects_key = True
    return lines


def _place(opened: list[_Open]) -> str:
    place = ""
    for one in opened:
        place += f"[{one.at}]" if one.is_list else f"{'.' if place else ''}{one.at}"
    return place.lower()
