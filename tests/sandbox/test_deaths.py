"""A mail that kills its workers, in the sandbox: a notice names it; other mail is relayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.fatal_mails import run, small_sandbox


@pytest.mark.timeout(600)
def test_a_mail_that_kills_its_workers_is_refused_by_name_and_harms_no_other(
    tmp_path: Path,
) -> None:
    with small_sandbox(tmp_path) as relay:
        assert () == run(relay, ordinary=20, fatal=1, patience=400)
