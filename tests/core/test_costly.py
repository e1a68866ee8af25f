"""The list of costly shapes: each has the requested size."""

from __future__ import annotations

import pytest

from tests.core.costly import SHAPES, sized

BOUNDED = frozenset({"small parts", "small texts", "code in the subject"})
"""Shapes with a maximum size of their own."""


@pytest.mark.parametrize("name", SHAPES)
def test_a_mail_has_about_the_size_that_was_asked_for(name: str) -> None:
    size = 1_500_000
    raw = sized(name, size)
    assert len(raw) <= size
    assert len(raw) > size // 3 or name in BOUNDED
