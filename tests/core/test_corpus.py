"""Every mail of the corpus is read as a person reads it, and obeys the laws."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay_core.errors import DefectKind
from tests.core.laws import Relayed, check_any_bytes, check_rewriting_is_done, relayed
from tests.corpus import FOLDER, MAILS, inspected, name_of, truth
from tests.corpus.__main__ import NO_SENTENCE
from tests.garbage import lf_twin

each_mail = pytest.mark.parametrize("path", MAILS, ids=name_of)


@each_mail
def test_a_mail_is_read_as_a_person_reads_it(path: Path) -> None:
    expected = truth(path)
    del expected["what"]
    assert expected == inspected(path), "python -m tests.corpus shows the differences"


@each_mail
def test_a_mail_obeys_the_laws(path: Path) -> None:
    result = check_any_bytes(path.read_bytes())
    assert result is not None
    check_rewriting_is_done(result)


@each_mail
def test_a_mail_says_the_same_with_other_line_breaks(path: Path) -> None:
    original = relayed(path.read_bytes())
    twin = relayed(lf_twin(path.read_bytes()))
    assert original is not None
    assert twin is not None
    assert original.recipients == twin.recipients
    assert [(one.filename, one.content_type, one.action) for one in original.attachments] == [
        (one.filename, one.content_type, one.action) for one in twin.attachments
    ]
    assert kinds_but_for_line_breaks(original) == kinds_but_for_line_breaks(twin)


def kinds_but_for_line_breaks(result: Relayed) -> list[DefectKind]:
    kinds = [defect.kind for defect in result.message.defects]
    return [kind for kind in kinds if kind is not DefectKind.BARE_LINE_BREAK]


def test_every_mail_says_what_it_shows() -> None:
    assert {path.with_suffix(".json") for path in MAILS} == set(FOLDER.glob("*/*.json"))
    sentences = [str(truth(path)["what"]) for path in MAILS]
    assert [] == [one for one in sentences if len(one) < 20 or one == NO_SENTENCE]
    assert len(set(sentences)) == len(sentences)
