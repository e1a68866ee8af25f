"""The size limits of a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a message may be at most, and how much of it goes out as it is: the budget of a mail.

    SES takes 40 MB (Amazon SES guide, "Service quotas"), which is `size`. The others bound the
    work and the memory that a mail can cost, far above what any device sends; docs/decisions
    says how each was chosen. A mail that is beyond one of the first five is refused:

    * `header_size`: the bytes of one header; all headers of a mail may have `HEADERS` times that;
    * `header_fields`: the fields of all headers together;
    * `entities`: the message and its parts; `depth`: how deep multiparts may be nested.

    A mail that is beyond one of the last two goes out in another form, and loses nothing:

    * `text_size`: the bytes of all texts together, decoded, that are in the outgoing mail;
    * `attachments`: the files that are stored for it.
    """

    size: int = 40 * 1024 * 1024
    header_size: int = 1024 * 1024
    header_fields: int = 100_000
    entities: int = 10_000
    depth: int = 1000
    text_size: int = 1_000_000
    attachments: int = 300


HEADERS = 4
"""How many times the size of one header all headers of a mail may have together."""


DEFAULT_LIMITS = Limits()
