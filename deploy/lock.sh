#!/usr/bin/env bash
# Write the lock files: every package, transitive ones too, with its version and hashes and without any server's name.
# Called by `make lock`. With arguments it upgrades only the packages named: deploy/lock.sh fastapi ezdxf
set -euo pipefail
cd "$(dirname "$0")/.."

upgrade=(--upgrade)
if (($#)); then
    upgrade=()
    for package in "$@"; do upgrade+=(--upgrade-package "$package"); done
fi
options=(
    --quiet --generate-hashes --strip-extras --allow-unsafe --no-header
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
)
for name in requirements requirements-dev requirements-node; do
    .venv/bin/pip-compile "${options[@]}" "${upgrade[@]}" --output-file "$name.txt" "$name.in"
done
PATH="$PWD/.venv/bin:$PATH" npm install --package-lock-only --ignore-scripts --loglevel=error

if grep -nE '^ *(--|-[if] )|"resolved"' requirements*.txt package-lock.json | grep -v -- '--hash='; then
    echo "the lines above name a server; the lock files must not" >&2
    exit 1
fi
