from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest

from sandbox.ses.errors import SesError
from sandbox.ses.faults import Faults


def write(path: Path, *faults: object) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(faults))
    temporary.replace(path)


def met(faults: Faults, *recipients: str) -> str | None:
    try:
        faults.meet(recipients)
    except SesError as error:
        return error.code
    return None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults.json"


def test_no_file_and_an_empty_list_mean_no_fault(path: Path) -> None:
    faults = Faults(path)
    assert met(faults, "a@example.com") is None
    write(path)
    assert met(faults, "a@example.com") is None


def test_a_fault_is_met_as_often_as_it_says(path: Path) -> None:
    write(path, {"error": "TooManyRequestsException", "times": 2, "recipient": None})
    faults = Faults(path)
    assert [met(faults, "a@example.com") for _ in range(3)] == [
        "TooManyRequestsException",
        "TooManyRequestsException",
        None,
    ]


def test_a_fault_is_about_its_recipient(path: Path) -> None:
    write(path, {"error": "MessageRejected", "recipient": "B@example.com"})
    faults = Faults(path)
    assert met(faults, "a@example.com") is None
    assert met(faults, "a@example.com", "b@EXAMPLE.com") == "MessageRejected"
    assert met(faults, "b@example.com") is None


def test_faults_are_met_in_their_order(path: Path) -> None:
    write(path, {"error": "SendingPausedException"}, {"error": "MessageRejected", "times": 1})
    faults = Faults(path)
    assert [met(faults, "a@example.com") for _ in range(3)] == [
        "SendingPausedException",
        "MessageRejected",
        None,
    ]


def test_a_file_written_anew_counts_anew_even_with_the_same_words(path: Path) -> None:
    faults = Faults(path)
    for _ in range(3):
        write(path, {"error": "MessageRejected"})
        assert [met(faults, "a@example.com") for _ in range(2)] == ["MessageRejected", None]


@pytest.mark.parametrize("text", ["{", '{"error": "x"}', "[1]", '[{"error": 1}]'])
def test_a_file_that_cannot_be_read_is_an_error_not_a_silence(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(SesError, match=str(path)) as caught:
        Faults(path).meet(["a@example.com"])
    assert caught.value.code == "InternalServiceErrorException"


def test_many_submissions_at_once_share_the_count(path: Path) -> None:
    write(path, {"error": "MessageRejected", "times": 5})
    faults, found = Faults(path), list[str | None]()
    threads = [Thread(target=lambda: found.append(met(faults, "a@b.c"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("MessageRejected") == 5
