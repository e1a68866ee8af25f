"""Costly mails do not cost the function its worker.

`python -m tests.sandbox.shapes` tries every shape at 4 and 38 MB.
"""

from __future__ import annotations

import pytest

from tests.sandbox.running import RunningSandbox
from tests.sandbox.shapes import try_shape


@pytest.mark.parametrize(
    "name",
    ["opened tags", "torn code, then tags", "one-letter words", "small parts", "small fields"],
)
def test_a_costly_mail_ends_and_the_alarm_behind_it_arrives(
    relay: RunningSandbox, name: str
) -> None:
    tried = try_shape(relay, name, 150_000)
    assert () == tried.problems
    assert tried.outcome in {"relayed", "refused"}
