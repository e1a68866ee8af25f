"""Content in chunks of a chosen size, so that chunks may end at any byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from relay_core.mime import base64_content, chunks, quoted_printable


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Content is read `size` bytes at a time."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (base64_content, chunks, quoted_printable):
            patch.setattr(module, "CHUNK", size)
        yield
