"""The limit of the work that the search for recipient codes does in one mail.

A mail full of codes, which no device writes, could keep the search busy for minutes. So each kind
of work is limited. Where a limit is reached, the text ends: the rest is cut without being read,
because no reader may see a code, and an error reports it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Allowance:
    """The remaining work: numbers of codes, of characters in lists, of characters read closely.

    A thousand recipients, the most that the configuration allows, with long addresses take a
    quarter of `listed`. Close reading costs some microseconds a tag.
    """

    codes: int = 1000
    listed: int = 1 << 18
    read: int = 6_000_000
    _comments: Allowance | None = None
    _ordinary: Allowance | None = None

    @property
    def comments(self) -> Allowance:
        """The separate allowance for comments; visible text does not share it."""
        if self._comments is None:
            self._comments = Allowance(read=1 << 20)
        return self._comments

    @property
    def ordinary(self) -> Allowance:
        """The separate allowance for markers that may be ordinary words.

        Where it is spent, the text does not end: such markers are prose from there on.
        """
        if self._ordinary is None:
            self._ordinary = Allowance(codes=10_000, listed=1 << 19)
        return self._ordinary

    @property
    def is_spent(self) -> bool:
        """Whether more was requested than was left."""
        return self.codes < 0 or self.listed < 0 or self.read < 0

    def takes_code(self, size: int) -> bool:
        """Whether one more code may be read, with a list of `size` characters; counts it."""
        self.codes -= 1
        self.listed -= size
        return not self.is_spent

    def takes_text(self, size: int) -> bool:
        """Whether `size` more characters may be read closely; counts them."""
        self.read -= size
        return not self.is_spent
