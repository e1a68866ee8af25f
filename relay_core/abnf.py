"""Productions of the RFCs' grammars as parts of regular expressions, each under its own name.

`QUOTED_STRING` and `COMMENT` are expressions; all others are character classes, the inside of
`[…]`. Devices break every rule, so most of the relay's expressions are wider than a production;
those that mean exactly the production use it from here.
"""

from __future__ import annotations

FTEXT = "!-9;-~"
"""A character of a field name: printable ASCII except the colon (RFC 5322 section 3.6.8)."""

ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
"""A character of an atom (RFC 5322 section 3.2.3)."""

QTEXT = r"!#-\[\]-~"
"""A character of a quoted-string that needs no backslash (RFC 5322 section 3.2.4)."""

QUOTED_STRING = r'"(?:[^"\\]|\\.)*"'
"""A quoted-string (RFC 5322 section 3.2.4); its text may hold any character.

No two alternatives begin alike, so giving back finds nothing new to try.
"""

COMMENT = r"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)"
"""A comment (RFC 5322 section 3.2.2); in it, comments nested at most two deep."""

TOKEN = "A-Za-z0-9!#$%&'*+.^_`{|}~-"  # noqa: S105 - the production's name
"""A character of a token: a type, a subtype, a parameter's name (RFC 2045 section 5.1)."""

ATTRIBUTE_CHAR = "A-Za-z0-9!#$&+.^_`{|}~-"
"""A character of a token that RFC 2231 (section 7) gives no other meaning in a value."""

BASE64 = "A-Za-z0-9+/"
"""A character of base64 (RFC 4648 section 4), without the padding."""
