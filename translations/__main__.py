"""`python -m translations`: renew the catalogues and the tables from the code."""

from __future__ import annotations

import subprocess
import sys

from babel.messages.catalog import Catalog

from relay_core.wording.language import Language

from . import TABLES
from .catalogues import renewed, save
from .tables import table_source


def main() -> None:
    """Write everything anew, and count what is not translated."""
    for language in Language:
        catalogue = Catalog()
        if language is not Language.ENGLISH:
            catalogue = renewed(language)
            save(language, catalogue)
            missing = sum(
                not _is_translated(message.string) for message in catalogue if message.id
            )
            sys.stdout.write(f"{language.value}: {len(catalogue)} texts, {missing} missing\n")
        path = TABLES / f"{language.value}.py"
        path.write_text(table_source(language, catalogue), "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TABLES)], check=True)


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


main()
