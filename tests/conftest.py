"""Hypothesis profiles: `dev` by default, `ci` (HYPOTHESIS_PROFILE=ci) before a change lands.

One reader of the services' models for all sessions of boto3 in a process: parsing a model takes
10 ms or more, and tests make clients by the hundred. And one tree of relayctl's commands, which
typer's runner makes anew for each run, 20 ms.

And the order of the files: `make test` gives each process the next file of the list. The longest
files come first, so that none is left to run alone at the end.
"""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path

import botocore.session
import pytest
import typer.testing
from hypothesis import HealthCheck, settings

botocore.session.create_loader = cache(botocore.session.create_loader)
typer.testing._get_command = cache(  # type: ignore[attr-defined]
    typer.testing._get_command  # type: ignore[attr-defined]
)

TAKE_LONGEST = (
    "browser/test_download_page.py",
    "browser/test_console.py",
    "browser/test_recipients.py",
    "sandbox/lifecycles/test_whole_lifecycle.py",
    "sandbox/test_up_under_mail.py",
    "sandbox/test_deaths.py",
    "sandbox/test_what_changes.py",
    "sandbox/test_lifecycle.py",
    "sandbox/test_smart_host.py",
    "sandbox/test_rehearsals.py",
    "sandbox/test_posting.py",
    "core/test_laws.py",
    "sandbox/test_nothing_twice.py",
    "sandbox/doctor/test_doctor.py",
    "sandbox/console/test_end_to_end.py",
    "sandbox/test_domain_lifecycle.py",
    "sandbox/test_release.py",
    "sandbox/test_pulumi_up.py",
    "sandbox/test_ends.py",
    "sandbox/test_link_modes.py",
    "sandbox/test_account.py",
    "sandbox/test_mail_during_deployment.py",
    "sandbox/test_tries.py",
    "sandbox/test_admission.py",
    "sandbox/test_least_privilege.py",
    "sandbox/emulator/test_keys.py",
    "benchmarks/test_cold_start.py",
    "core/test_linear.py",
    "browser/test_link_list.py",
    "sandbox/emulator/contract/test_event_sources.py",
)
"""The files that take longest, the longest first."""

# No deadline: examples are limited by number, and a test by pytest-timeout.
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    tests = Path(__file__).parent
    places = {tests / name: place for place, name in enumerate(TAKE_LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Exclude what was collected from garbage collection: it stays until the end.

    Else each full collection visits all modules and tests, 0.3 s, and each run of the Pulumi
    program causes one.
    """
    gc.freeze()
