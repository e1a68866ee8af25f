"""Files of a mail, some of them hostile."""

from __future__ import annotations

from tests.adapters.stored_message import File, png

IMAGE = File(name="camera north.png", content=png(320, 200), type="image/png")
TABLE = File(name="pressure.csv", content=b"7.4;bar\n" * 5000, type="text/csv")
DUMP = File(name="Tür 3 – dump.bin", content=bytes(range(256)) * 4000)  # noqa: RUF001 - as in a mail
RUNNING = "alert('it runs')"
HOSTILE = (
    File(name=f'"><img src=x onerror="{RUNNING}">.png', content=b"<svg/>", type="image/png"),
    File(name=f"</h3></li></ul></form><script>{RUNNING}</script>", content=b"1"),
    File(name="<style>*{display:none}</style>", content=b"2"),
    File(name="\u202egpj.exe" + "x" * 200, content=b"3"),
)
HOSTILE_SUBJECT = f"</title></h1><script>{RUNNING}</script><base href=//evil.example>"
