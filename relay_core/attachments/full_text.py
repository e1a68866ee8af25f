"""The names of files that hold texts too long for the mail."""

from __future__ import annotations

FULL_TEXT = "full-text.txt"
FULL_TEXT_HTML = "full-text.html"
"""The names of files that hold a text of the mail which is too long for it."""
FULL_TEXTS = {"text/plain": FULL_TEXT, "text/html": FULL_TEXT_HTML}
"""The same by the type of the text."""
