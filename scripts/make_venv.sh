#!/bin/sh
# Create the virtual environment $1 with exactly the versions of the lock file $2, then write the
# stamp $3. Debian splits venv's pip into a package of its own: without it, the virtualenv
# program or an existing pip is used; if there is neither, the message says what to install.
# The commands' output is shown as they run.
set -eu
venv=$1 lock=$2 stamp=$3
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "setup: $python is missing or older than Python 3.11; set PYTHON=/path/to/python3.11" >&2
    exit 1
}
wanted=$("$python" - "$lock" <<'PY'
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), "%d.%d" % sys.version_info[:2])
PY
)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    touch "$stamp"
    exit 0
fi

count=$(grep -c '^[A-Za-z0-9]' "$lock" || :)
began=$(date +%s)
echo "setup: making $venv with $("$python" --version), once; it takes a few hundred megabytes"
rm -rf "$venv"
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$venv"
    install="$venv/bin/python -m pip"
elif "$python" -m virtualenv --version >/dev/null 2>&1; then
    "$python" -m virtualenv --quiet "$venv"
    install="$venv/bin/python -m pip"
elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip "$venv"
    install="$python -m pip --python $venv/bin/python"
    echo "setup: $venv has no pip of its own, which only 'pulumi preview' and 'pulumi up' need; for them," >&2
    echo "setup: as root: apt-get install python3-venv; then remove $venv and run make setup again" >&2
else
    echo "setup: this Python can make no virtual environment; as root: apt-get install python3-venv" >&2
    exit 1
fi
echo "setup: fetching the $count packages that $lock pins, each checked against its hash"
# sh has no exit status of a pipe's first command, so a line reports its failure.
{ $install install --disable-pip-version-check --no-input --progress-bar off --require-hashes \
    --requirement "$lock" 2>&1 || echo "setup failed"; } | awk -v count="$count" '
    /^Collecting / { fetched++; sub(/[;(].*/, "", $2)
        if (fetched % 20 == 0) print "setup:   " fetched " of " count " (" $2 ")" }
    /^Installing collected/ { print "setup: installing them" }
    /^ *(ERROR|WARNING)/ { print }
    /^setup failed$/ { failed = 1 }
    { last[NR % 5] = $0; fflush() }
    END { if (failed) { for (n = NR + 1; n < NR + 5; n++) print last[n % 5]; exit 1 } }'
echo "$wanted" > "$stamp"
echo "setup: $venv is made, in $(($(date +%s) - began)) seconds"
