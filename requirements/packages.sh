#!/bin/sh
# Install the Debian packages named, those that are missing; asks no questions.
set -eu
missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "These packages are missing, and only root can install them: apt-get install$missing" >&2
    exit 1
fi
echo "Installing$missing."
$as_root apt-get update -qq
# RUNLEVEL=1: install the servers without starting them; the tests start their own.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
