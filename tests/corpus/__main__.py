"""`python -m tests.corpus [NAME…]`: the differences of the code's output from the truth, as diffs.

`--accept NAME…` writes the code's output as the truth of these mails only; the sentence in `what`
stays. Read the diff before, and again in the change that you send.
Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import difflib
import sys

from tests.corpus import MAILS, inspected, name_of, truth, written

NO_SENTENCE = "(say here which rule or trap this mail shows)"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as rfc/2231-charset")
    parser.add_argument(
        "--accept", action="store_true", help="write the truth of the named mails anew"
    )
    arguments = parser.parse_args()
    if arguments.accept and not arguments.names:
        parser.error("--accept needs the names of the mails whose truth is to change")
    if unknown := set(arguments.names) - {name_of(path) for path in MAILS}:
        parser.error(f"there is no mail {', '.join(sorted(unknown))}")
    differing = 0
    for path in MAILS:
        name = name_of(path)
        if arguments.names and name not in arguments.names:
            continue
        before = truth(path)
        after = {"what": before.get("what", NO_SENTENCE), **inspected(path)}
        if before == after:
            continue
        differing += 1
        sys.stdout.writelines(
            difflib.unified_diff(
                written(before).splitlines(keepends=True),
                written(after).splitlines(keepends=True),
                f"{name}.json",
                "what the code says",
            )
        )
        if arguments.accept:
            path.with_suffix(".json").write_text(written(after), encoding="utf-8")
    accepted = ", accepted" if arguments.accept else ""
    sys.stdout.write(f"{len(MAILS)} mails, {differing} said otherwise{accepted}\n")
    return int(differing > 0 and not arguments.accept)


if __name__ == "__main__":
    sys.exit(main())
