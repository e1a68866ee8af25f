"""`python -m operate` is `relayctl`."""

import io
import sys

from .cli import app

# A terminal that lacks a letter of a subject gets a question mark, not a traceback.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")
app(prog_name="relayctl")
