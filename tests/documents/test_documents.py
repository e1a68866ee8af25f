"""Files, tests and configuration keys that documents name exist."""

from __future__ import annotations

import ast
import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.watching.alarms import Thresholds, alarms
from relay_core.errors import Reason
from relay_core.posting.signature import parse_key, sign
from relay_core.settings import MANUAL, manual_at
from tests.conftest import TAKE_LONGEST

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def defined(path: Path) -> set[str]:
    """The functions of a module, and its classes' methods as `Class::method`."""

    def walk(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name
            elif isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}::")

    return set(walk(ast.parse(path.read_text("utf-8")).body, ""))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_test_that_is_named_is_there(document: Path) -> None:
    missing = [
        f"{path}{name}"
        for path, name in TEST_NAME.findall(document.read_text("utf-8"))
        if not (ROOT / path).exists()
        or (name and name.removeprefix("::") not in defined(ROOT / path))
    ]
    assert [] == missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    targets = [
        target
        for target in LINK.findall(document.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert [] == [target for target in targets if not (document.parent / target).exists()]


def test_the_decisions_are_all_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert {path.name for path in folder.glob("[0-9]*.md")} == listed


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", one.lower()).replace(" ", "-") for one in headings}


def test_notices_and_alarms_lead_to_places_that_are_there() -> None:
    thresholds = Thresholds(
        failed_messages=1, oldest_message_seconds=1, messages_in_five_minutes=1
    )
    watched = alarms(
        thresholds,
        dashboard="",
        log_group="",
        page_log_group="",
        is_scanned=True,
        posting_log_group="",
        watch_log_group="",
        has_domain=True,
    )
    places = {manual_at("the-notices"), *(manual_at(one.key) for one in watched)}
    assert {f"{MANUAL}#{one}" for one in anchors(ROOT / MANUAL)} >= places


def test_the_example_of_a_verifier_knows_our_signature_from_any_other() -> None:
    text = (ROOT / MANUAL).read_text("utf-8")
    (example,) = re.findall(r"<!-- verifier -->\n```python\n(.*?)```", text, re.DOTALL)
    found: dict[str, Any] = {}
    exec(example, found)  # noqa: S102 (it is the document's own)
    is_genuine = found["is_genuine"]
    written = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    now, body = int(time.time()), b'{"text": "caf\xc3\xa9"}'
    headers = sign(parse_key(written), message_id="id", timestamp=now, body=body)
    assert is_genuine(written, headers, body)
    assert not is_genuine(written, headers, body + b" ")
    assert not is_genuine("whsec_" + base64.b64encode(bytes(32)).decode(), headers, body)
    old = sign(parse_key(written), message_id="id", timestamp=now - 301, body=body)
    assert not is_genuine(written, old, body)


def test_every_reason_stands_in_the_table_of_the_notices() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / MANUAL).read_text("utf-8"), re.MULTILINE)
    assert set(Reason) <= set(listed)


def test_the_files_that_begin_the_suite_are_there() -> None:
    assert [] == [name for name in TAKE_LONGEST if not (ROOT / "tests" / name).is_file()]
