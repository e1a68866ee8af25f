"""`python -m sandbox`: run the relay on this machine until Ctrl-C.

The first thing done is to listen for signals: what follows takes a second only to import.
"""

from __future__ import annotations

import sys

from .stop import StopRequest


def main() -> int:
    """Run the command; return its exit status."""
    stop = StopRequest.on_signals()
    from .command import run  # noqa: PLC0415 (a signal must be heard while this imports)

    return run(sys.argv[1:], stop)


if __name__ == "__main__":
    sys.exit(main())
