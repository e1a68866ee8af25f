"""`python -m operate` is `relayctl`."""

import io
import sys

from .cli import app

# A character that the terminal's encoding lacks is printed as a question mark: no traceback.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")
app(prog_name="relayctl")
