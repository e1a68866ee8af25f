"""No mail is lost and none arrives twice, with any failures at the same time.

`python -m tests.sandbox.load` does the same with a thousand mails.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.running import running_sandbox
from tests.sandbox.scenario import Scenario, run_scenario


@pytest.mark.timeout(600)
def test_every_mail_comes_to_everyone_once_though_workers_die_and_ses_fails(
    tmp_path: Path,
) -> None:
    scenario = Scenario(messages=50, kills=5, workers=4, seed=1, patience=400)
    with running_sandbox(tmp_path, scenario.config()) as relay:
        result = run_scenario(relay, scenario)
    assert () == result.problems
    assert scenario.kills == result.facts["workers killed"]
    assert scenario.messages == result.facts["mails"]
