#!/usr/bin/env bash
# Installs the Chromium that the page is tested in, where Debian's packages can be installed; says so
# in a line and succeeds where they cannot. The tests then skip with a line of their own.
set -uo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null && exit 0
done
if [ -n "${CHROMIUM:-}" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "chromium is not installed: this needs apt-get and root; the tests of the page are skipped"
    exit 0
fi
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null; then
    echo "chromium could not be installed; the tests of the page are skipped"
fi
exit 0
