"""What the search for recipient codes may cost in one mail.

A mail that is made of codes could keep the search busy for minutes, and no device writes one. So
there is an amount of everything that costs. Where it is spent, the text ends: the rest of it is
cut away unread, because no reader may see a code, and the operator is told.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Allowance:
    """What is left of it: counts of codes, of characters in lists, of characters read closely.

    A thousand recipients, which is the most that can be allowed, fit in a quarter of `listed` with
    long addresses. Reading closely costs some microseconds a tag.
    """

    codes: int = 1000
    listed: int = 1 << 18
    read: int = 6_000_000
    _comments: Allowance | None = None
    _ordinary: Allowance | None = None

    @property
    def comments(self) -> Allowance:
        """What the search in comments may cost, which takes nothing from what is seen."""
        if self._comments is None:
            self._comments = Allowance(read=1 << 20)
        return self._comments

    @property
    def ordinary(self) -> Allowance:
        """What the search for markers that may be ordinary words may cost.

        Where this is spent, no text ends: they are prose from there on.
        """
        if self._ordinary is None:
            self._ordinary = Allowance(codes=10_000, listed=1 << 19)
        return self._ordinary

    @property
    def is_spent(self) -> bool:
        """Whether more was asked for than there was."""
        return self.codes < 0 or self.listed < 0 or self.read < 0

    def takes_code(self, size: int) -> bool:
        """Whether one more code may be read, with a list of so many characters."""
        self.codes -= 1
        self.listed -= size
        return not self.is_spent

    def takes_text(self, size: int) -> bool:
        """Whether so many more characters may be read closely."""
        self.read -= size
        return not self.is_spent
