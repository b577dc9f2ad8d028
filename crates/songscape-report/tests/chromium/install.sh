#!/usr/bin/env bash
# Installs what the page is tested with, where it can be had: Chromium from Debian's packages, and axe-core
# (rules of accessibility) from the npm registry. Says so in a line and succeeds where it cannot; the tests
# then skip with a line of their own.
set -uo pipefail

has_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    [ -n "${CHROMIUM:-}" ]
}

if ! has_chromium; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "chromium is not installed: this needs apt-get and root; the tests of the page are skipped"
    elif ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null; then
        echo "chromium could not be installed; the tests of the page are skipped"
    fi
fi

axe="$(dirname "$0")/../../../../target/axe-core"
if [ ! -f "$axe/axe.min.js" ]; then
    mkdir -p "$axe"
    if ! command -v npm >/dev/null ||
        ! (cd "$axe" && npm pack --silent axe-core@4.14.1 >/dev/null &&
            tar -xzf axe-core-4.14.1.tgz --strip-components=1 package/axe.min.js); then
        echo "axe-core could not be installed; the test of accessibility is skipped"
    fi
fi
exit 0
