#!/usr/bin/env bash
# Installs what object stores are tested with, where it can be had: moto's server, which speaks as S3 does, from the
# Python registry, into target/moto. Says so in a line and succeeds where it cannot; the tests then skip with a line
# of their own.
set -uo pipefail

home="$(dirname "$0")/../../../../target/moto"
if [ ! -x "$home/bin/moto_server" ] && [ -z "${SONGSCAPE_MOTO:-}" ] && ! command -v moto_server >/dev/null; then
    mkdir -p "$home"
    # The server's own extra brings the checks of all other services, 200 MB more.
    if ! { python3 -m venv "$home" &&
        "$home/bin/pip" install --quiet --no-compile 'moto[s3]==5.2.1' flask==3.1.3 flask-cors==6.0.5; } >/dev/null; then
        echo "moto could not be installed; the tests with a store that speaks as S3 does are skipped"
    fi
fi
exit 0
