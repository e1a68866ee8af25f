"""A cold start is compared with boto3 making the same clients, from the given code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import cold_start
from benchmarks.cold_start import FUNCTIONS, Function, measure_cold_start
from benchmarks.function import RESOURCES, SETTINGS
from infra.functions import download_function, relay_function
from infra.functions.archive import SERVICES
from relay_core.resources import Resources
from relay_core.settings import Settings


def test_every_function_of_the_stack_is_measured() -> None:
    deployed = {
        handler.rpartition(".")[0]
        for handler in (relay_function.HANDLER, download_function.HANDLER)
    }
    assert deployed == {one.module for one in FUNCTIONS}


def test_the_functions_speak_to_the_services_that_the_archive_describes() -> None:
    measured = {service for one in FUNCTIONS for service in one.services}
    # `sts` is used by botocore for other kinds of credentials. `events` is for `posting`, whose
    # start is not time-critical.
    assert measured == SERVICES - {"sts", "events"}


@pytest.mark.parametrize("started", FUNCTIONS, ids=lambda started: started.module)
def test_a_function_starts_without_a_network_and_is_compared_twice(started: Function) -> None:
    compiled, sources = measure_cold_start(started, rounds=1)
    assert [compiled.code, sources.code] == ["compiled", "sources"]
    for one in (compiled, sources):
        assert one.function == started.module
        assert one.function_to_boto3 == one.function_seconds / one.boto3_seconds
        assert one.boto3_seconds > 0


def test_sources_are_compiled_but_the_standard_library_is_not() -> None:
    commands = {"boto3": ("benchmarks.start_boto3", "sqs")}
    program = (
        "import json, os, boto3, relay_core\n"
        "print(*(os.path.exists(one.__spec__.cached) for one in (json, boto3, relay_core)))"
    )
    environment = cold_start._environment()
    with cold_start._only_the_library_compiled(commands, environment) as sources:
        answer = subprocess.run(
            [sys.executable, "-c", program],
            cwd=cold_start._ROOT,
            env=sources,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert answer.stdout.split() == ["True", "False", "False"]


def test_the_environment_is_the_functions_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    environment = cold_start._environment()
    assert not {"AWS_PROFILE", "PYTHONPATH"} & set(environment)
    assert Settings.from_environment(environment) == SETTINGS
    assert Resources.from_environment(environment) == RESOURCES
