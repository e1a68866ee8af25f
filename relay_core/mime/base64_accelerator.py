"""The only third-party import of the core: SIMD base64, used if it is installed.

pybase64 wraps libbase64, which decodes some ten times as fast as `binascii`, line breaks
included. Nothing depends on it: of what `decode` is meant for both make the same bytes, which
a test states, and without it the standard library does the work.

It counts only in its compiled form. Where its extension does not fit the machine (the
function's archive holds that for Lambda; the sandbox runs the archive on another), pybase64
replaces itself by Python code around `binascii`, which could only be slower than `binascii`.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from types import BuiltinFunctionType

Decoder = Callable[[bytes | memoryview], bytes]


def compiled_decoder() -> Decoder | None:
    """pybase64's decoder if it is installed and compiled for this machine, else None."""
    try:
        from pybase64 import b64decode  # noqa: PLC0415 - optional: its absence is an answer
    except ImportError:
        return None
    return b64decode if isinstance(b64decode, BuiltinFunctionType) else None


decode: Decoder = compiled_decoder() or binascii.a2b_base64
"""Decode base64 in which padding stands at the end only, if at all.

What is not in the alphabet is skipped. With padding in the middle the two decoders would part:
do not pass it.

Raises:
    binascii.Error: if it is not a whole number of quanta.
"""
