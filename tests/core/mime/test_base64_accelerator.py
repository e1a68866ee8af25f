"""The accelerator changes nothing but the time: the same bytes with it and without it."""

from __future__ import annotations

import base64
import binascii
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.mime import base64_accelerator
from relay_core.mime.base64_accelerator import Decoder, compiled_decoder
from relay_core.mime.decoding import decode_content
from relay_core.mime.transfer_encoding import TransferEncoding
from tests.core.small_chunks import chunks_of

ROOT = Path(__file__).resolve().parents[3]

compiled = compiled_decoder()
needs_compiled = pytest.mark.skipif(
    compiled is None, reason="pybase64 has no compiled extension for this machine"
)
# Mostly bytes of base64, so that quanta, line breaks and padding occur in every order.
PIECES = st.sampled_from([b"Q", b"QU", b"QUJD", b"/+", b"=", b"==", b"\r\n", b"\n", b" ", b"-"])
REGULAR = st.builds(
    lambda content, width, line_break: line_break.join(
        base64.b64encode(content)[at : at + width] for at in range(0, 2 * len(content), width)
    ),
    st.binary(max_size=2000),
    st.integers(1, 100),
    st.sampled_from([b"\r\n", b"\n", b"", b" \r\n\t"]),
)
IRREGULAR = st.lists(PIECES | REGULAR | st.binary(max_size=40), max_size=30).map(b"".join)
BLANKS = st.text("=\r\n \t", max_size=6).map(str.encode)


@needs_compiled
@given(REGULAR | IRREGULAR, st.sampled_from([1 << 20, 64, 100, 333]))
def test_content_decodes_to_the_same_bytes(content: bytes, chunk: int) -> None:
    def decoded(decoder: Decoder) -> bytes:
        with pytest.MonkeyPatch.context() as patch, chunks_of(chunk):
            patch.setattr(base64_accelerator, "decode", decoder)
            whole = Span(0, len(content))
            return b"".join(decode_content(content, whole, TransferEncoding.BASE64))

    assert compiled is not None
    assert decoded(binascii.a2b_base64) == decoded(compiled)


@needs_compiled
@given(IRREGULAR, BLANKS)
def test_they_agree_wherever_padding_stands_only_at_the_end(content: bytes, end: bytes) -> None:
    assert compiled is not None
    encoded = memoryview(content.replace(b"=", b"") + end)
    try:
        expected = binascii.a2b_base64(encoded)
    except binascii.Error:
        with pytest.raises(binascii.Error):
            compiled(encoded)
    else:
        assert expected == compiled(encoded)


@pytest.mark.parametrize("stands_in_the_way", ["pybase64", "pybase64._pybase64"])
def test_without_the_compiled_one_the_standard_library_decodes(stands_in_the_way: str) -> None:
    program = f"""
import binascii, sys
sys.modules[{stands_in_the_way!r}] = None
from relay_core.mime import base64_accelerator
assert base64_accelerator.compiled_decoder() is None
assert base64_accelerator.decode is binascii.a2b_base64
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "") == (finished.returncode, finished.stderr)
