"""The quick look for markers misses none that the expression for them matches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay_core.recipient_code.candidate_regions import may_hold
from relay_core.recipient_code.markers import Markers, marker_pattern

_MARKERS: Markers = ("Email_Rxers_Code", "Key.s-i9")
_WRAPS = st.sampled_from(("", "", "", "\n", "\r\n", " \n\t", "\x1c\r ", "\u2028"))
_UNDERSCORES = st.sampled_from(("_", "\\_", "*", "***", ""))
_FOREIGN = {"i": "\u0131", "k": "\u212a", "s": "\u017f", "e": "\uff45"}


@st.composite
def _spelled(draw: st.DrawFn, marker: str) -> str:
    letters = [
        draw(_UNDERSCORES)
        if one == "_"
        else draw(st.sampled_from((one, one.swapcase(), _FOREIGN.get(one.lower(), one))))
        for one in marker
    ]
    return "".join(letter + draw(_WRAPS) for letter in letters)


@given(st.data(), st.sampled_from(_MARKERS), st.text(max_size=5), st.text(max_size=5))
def test_a_marker_is_seen_in_each_of_its_spellings(
    data: st.DataObject, marker: str, before: str, behind: str
) -> None:
    text = before + data.draw(_spelled(marker)) + behind
    assert marker_pattern((marker,)).search(text)
    assert marker in may_hold(text, _MARKERS)


@given(st.text(st.characters(max_codepoint=0xFF, exclude_characters="xX9"), max_size=20))
def test_a_text_without_a_letter_of_each_marker_holds_none(text: str) -> None:
    assert may_hold(text, _MARKERS) == ()
