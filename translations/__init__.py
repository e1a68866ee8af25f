"""The texts that recipients read, in each language: `python -m translations` (`make texts`).

`<language>.po` is a catalogue in the form of GNU gettext, kept with Babel: the English text, and
its translation. `catalogues` collects the texts from the code and carries translations over;
`tables` writes what the functions read of them, with the formats of CLDR, as Python, so that
neither Babel nor a file besides the code is there at run time.
"""

from pathlib import Path

from relay_core.wording.language import Language

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "translations"
TABLES = ROOT / "relay_core" / "wording" / "tables"

LOCALES = {language: language.value for language in Language} | {
    Language.ENGLISH: "en_GB",  # a day before its month, and 24 hours
    Language.PORTUGUESE: "pt_BR",  # what CLDR takes `pt` for
}
"""The locale of CLDR that a language's formats and plurals are of."""
