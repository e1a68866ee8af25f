"""What a function reads in Lambda's init phase, within a time limit.

Lambda ends an init phase after 10 s and begins it again within the first invocation, where its
time is the invocation's (AWS Lambda guide, "Understanding the Lambda execution environment
lifecycle"). The timeouts of a call bound the wait for each packet, and not a look-up in the DNS,
so they do not bound the call. So a thread reads, and the init phase ends without it if need be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from .aws.clients import single_attempts

LIMIT = timedelta(seconds=3)
"""How long the init phase waits. As a rule, all is read within a tenth of a second."""


def read_at_init(read: Callable[[], None]) -> None:
    """Call `read` on a thread of its own, each call of AWS by one attempt, and wait for `LIMIT`.

    After that it goes on beside the invocations, which read for themselves what is missing.
    """

    def by_single_attempts() -> None:
        with single_attempts():
            read()

    thread = threading.Thread(target=by_single_attempts, name="init", daemon=True)
    thread.start()
    thread.join(LIMIT.total_seconds())
