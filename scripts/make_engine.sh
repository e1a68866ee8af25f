#!/bin/sh
# Usage: make_engine.sh PYTHON
# Puts Pulumi's CLI into build/bin, unless a fitting one is there or on PATH. It is built from its
# Go module at the version of scripts/pulumi/go.mod, checked by go.sum, and stored in the user's
# cache for other checkouts. Two files of Pulumi's Python SDK, from the same module, are put beside
# it: the one that runs a program, and the one that starts the program's own providers.
set -eu
python=$1
dynamic=pulumi-resource-pulumi-python
if found=$("$python" -m sandbox.engine.cli 2>/dev/null) \
    && [ -x "$(dirname "$(readlink -f "$found")")/$dynamic" ]; then
    echo "engine: $found fits" >&2
    exit 0
fi
module=scripts/pulumi
package=github.com/pulumi/pulumi
version=$(sed -n "s|.*$package/pkg/v3 \(v[0-9.]*\).*|\1|p" "$module/go.mod" | head -n 1)
needed=$(sed -n 's|^go ||p' "$module/go.mod")
advice="Install Go $needed or newer and run \`make engine\` again, or install the Pulumi CLI ($version)."
if ! command -v go >/dev/null; then
    echo "engine: there is no go on PATH. $advice" >&2
    exit 1
fi
if ! reason=$(cd "$module" && go list -m 2>&1); then
    echo "engine: this Go cannot build it: $reason. $advice" >&2
    exit 1
fi
sums=$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c 1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/mail-relay/pulumi-$version-$sums
if [ ! -x "$kept/pulumi" ]; then
    echo "engine: building Pulumi $version, once; this takes some minutes" >&2
    mkdir -p "$kept"
    unfinished=$(mktemp -d "$kept/build.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    # The Automation API refuses a CLI without a version.
    (cd "$module" && go build -trimpath -o "$unfinished/pulumi" \
        -ldflags "-s -w -X $package/sdk/v3/go/common/version.Version=$version" \
        "$package/pkg/v3/cmd/pulumi")
    mv "$unfinished/pulumi" "$kept/pulumi"
fi
if [ ! -x "$kept/$dynamic" ]; then
    sdk=$(cd "$module" && go mod download $package/sdk/v3 \
        && go list -m -f '{{.Dir}}' $package/sdk/v3)
    install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" "$sdk/python/dist/$dynamic" "$kept"
fi
mkdir -p build/bin
ln -sf "$kept/pulumi" build/bin/pulumi
"$python" -m sandbox.engine.cli >&2
