"""The cold start of the download page's function, up to its first request.

`python -m benchmarks.start_page` prints the seconds of processor time.
"""

import time

_START = time.process_time()

import os  # noqa: E402 - the clock runs
from datetime import UTC, datetime  # noqa: E402 - likewise

from adapters.aws.session import FunctionSession  # noqa: E402 - likewise
from adapters.download_function import compose  # noqa: E402 - likewise
from adapters.telemetry.download import PageTelemetry  # noqa: E402 - likewise
from relay_core.resources import PageResources  # noqa: E402 - likewise

if __name__ == "__main__":
    compose(
        resources=PageResources.from_environment(os.environ),
        session=FunctionSession(),
        clock=lambda: datetime.now(UTC),
        telemetry=PageTelemetry(os.environ),
    )
    print(time.process_time() - _START)
