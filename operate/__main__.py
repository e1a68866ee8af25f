"""`python -m operate` is `relayctl`."""

from .cli import app

app(prog_name="relayctl")
