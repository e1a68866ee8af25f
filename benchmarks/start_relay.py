"""The cold start of the relay's function, up to its first mail.

`python -m benchmarks.start_relay` prints the seconds of processor time.
"""

import time

_START = time.process_time()

import os  # noqa: E402 - the clock runs
from datetime import UTC, datetime  # noqa: E402 - likewise

from adapters.aws.session import FunctionSession  # noqa: E402 - likewise
from adapters.relay_function import compose  # noqa: E402 - likewise
from adapters.telemetry.relay import Telemetry  # noqa: E402 - likewise
from relay_core.resources import Resources  # noqa: E402 - likewise
from relay_core.settings import Settings  # noqa: E402 - likewise

if __name__ == "__main__":
    compose(
        settings=Settings.from_environment(os.environ),
        resources=Resources.from_environment(os.environ),
        session=FunctionSession(),
        clock=lambda: datetime.now(UTC),
        telemetry=Telemetry(os.environ),
    )
    print(time.process_time() - _START)
