"""The sets of elements that the parsing of HTML distinguishes (WHATWG HTML, section 13.2)."""

from __future__ import annotations

from .tokens import RAW_TEXT


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param"
    " source track wbr"
)
IN_TABLE = _names("caption colgroup tbody td tfoot th thead tr")
NOT_STACKED = _VOID | IN_TABLE | _names("html head body frameset svg math")
OF_HEAD = _names("html head base link meta script style title")
HEADINGS = _names("h1 h2 h3 h4 h5 h6")
FORMATTING = _names("a b big code em font i nobr s small strike strong tt u")
# 13.2.4.2: what ends the scope of an end tag. A browser may read a select as no part of it.
SCOPE = _names("applet caption marquee object select table td template th")
# 13.2.6.4.7: what an end tag closes with all that is in it, within its scope.
BLOCKS = HEADINGS | _names(
    "address applet article aside blockquote button center dd details dialog dir div dl dt"
    " fieldset figcaption figure footer header hgroup listing main marquee menu nav object ol pre"
    " search section select summary ul"
)
# 13.2.4.2, "special": what an end tag of any other name does not reach beyond.
SPECIAL = (SCOPE | BLOCKS | IN_TABLE | _VOID | RAW_TEXT) - {"dialog"} | _names(
    "form li noscript p plaintext"
)
CLOSES_P = HEADINGS | _names(
    "address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption"
    " figure footer form header hgroup hr li listing main menu nav ol p plaintext pre search"
    " section summary ul xmp"
)
# 13.2.6.4.7: after these a frameset is ignored ("frameset-ok").
NO_FRAMESET = _names(
    "applet area body br button dd dt embed hr iframe image img input keygen li listing marquee"
    " object pre select table textarea wbr xmp"
)
# 13.2.6.5: these start tags end foreign content.
BREAKS_OUT = HEADINGS | _names(
    "b big blockquote body br center code dd div dl dt em embed font head hr i img li listing menu"
    " meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
FOREIGN = {
    "svg": _names("foreignobject desc title"),
    "math": _names("mi mo mn ms mtext annotation-xml"),
}
"""The elements of other languages, and in which of theirs HTML goes on (integration points)."""

BARRIERS: dict[str, frozenset[str]] = {
    "li": SCOPE | {"ol", "ul"},
    "p": SCOPE | {"button"},
    "table": frozenset({"template"}),
    "template": frozenset(),
}
"""What ends the scope of end tags that have another one than `SCOPE`."""
