"""The fuzz targets raise nothing on the whole corpus, which is the seed of the fuzzers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import TARGETS, Target
from tests.corpus import MAILS, name_of


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_a_target_holds(target: Target, path: Path) -> None:
    target(path.read_bytes())
