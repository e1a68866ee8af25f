"""Shapes of mail that make a careless parser quadratic, each by its size.

`python -m tests.core.adversarial [NAME…]` measures each at a size, at twice and at four times
that size, and prints how often longer the whole path took: about 2 is linear, 4 is quadratic.
Every shape is a function from a number of repetitions to the bytes of a mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from relay_core.mime.size_limits import Limits
from tests.core.adversarial import bodies, codes, header, html, parameters, structure
from tests.core.laws import SETTINGS

UNLIMITED = replace(
    SETTINGS,
    max_header_bytes=Limits().size,
    max_header_fields=10_000_000,
    max_attachments=1_000_000,
    max_entities=1_000_000,
    max_nesting=100_000,
    max_recipients=1000,
)

Shape = Callable[[int], bytes]

SHAPES: dict[str, Shape] = {
    name: shape
    for module in (structure, header, parameters, bodies, codes, html)
    for name, shape in vars(module).items()
    if callable(shape) and shape.__module__ == module.__name__ and not name.startswith("_")
}
