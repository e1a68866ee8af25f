"""`python -m sandbox`: run the relay on this machine until Ctrl-C.

The signal handlers are installed first, because the other imports take about a second.
"""

from __future__ import annotations

import sys

from .stop import StopRequest


def main() -> int:
    """Run the command; return its exit status."""
    stop = StopRequest.on_signals()
    from .command import run  # noqa: PLC0415 (signals are handled while this imports)

    return run(sys.argv[1:], stop)


if __name__ == "__main__":
    sys.exit(main())
