"""Groups in regular expressions that never backtrack, on every supported Python.

A possessive group takes no memory for each repetition. An atomic group around a greedy one
matches the same and takes about 180 bytes for each (CPython 3.11 to 3.13, measured): in a mail
that is one long tag, this is the difference between nothing and gigabytes. But CPython before
3.11.5 matches possessive groups wrongly (CPython issue 106052), and Debian 12 has 3.11.2. There
the atomic form has to do.
"""

from __future__ import annotations

import sys

IS_SOUND = sys.version_info >= (3, 11, 5)
"""Whether this Python matches possessive groups as they are meant."""


def possessive(group: str, quantifier: str) -> str:
    """`group` as often as it matches, by `quantifier` (`*`, `+`, `{1,64}`).

    Once it has matched, nothing of it is given back.
    """
    repeated = f"(?:{group}){quantifier}"
    return f"{repeated}+" if IS_SOUND else f"(?>{repeated})"
