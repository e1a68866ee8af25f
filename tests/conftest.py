"""Hypothesis profiles: `dev` at the desk, `ci` (HYPOTHESIS_PROFILE=ci) before a change lands."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A slow machine is no failure: examples are bounded by number, and a test by pytest-timeout.
settings.register_profile("dev", deadline=None, max_examples=100, print_blob=True)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=200,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
