#!/bin/sh
# Install the locked requirements into .venv, once: `install.sh base` to run, `install.sh dev` to test as well.
set -eu
set_name=$1
lock=requirements/$set_name.txt
python=.venv/bin/python
stamp=.venv/installed-$set_name.txt # what was installed last
mark=.venv/installing               # there while an installation is under way

fail() {
    printf '\n%s\n' "$@" >&2
    exit 1
}

whole() { [ -e "$stamp" ] && [ ! -e "$mark" ] && "$python" -c '' 2>/dev/null; }
current() { whole && cmp -s "$lock" "$stamp"; }

if current; then exit 0; fi

if [ -e .venv ] && { [ -e "$mark" ] || ! "$python" -c '' 2>/dev/null; }; then
    echo "The environment in .venv is half-made: making it again."
    rm -rf .venv
fi

if [ ! -e .venv ]; then
    command -v "$PYTHON" >/dev/null || fail "Python is missing: install Python 3.11 or later." \
        "On Debian: apt-get install python3 python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail \
        "Huiyin needs Python 3.11 or later, and $PYTHON is $("$PYTHON" -V 2>&1)." \
        "Name another one: make run PYTHON=python3.12"
    echo "Making .venv with $("$PYTHON" -V)."
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$(command -v "$PYTHON")" .venv
    elif ! "$PYTHON" -m venv .venv; then
        rm -rf .venv
        fail "Python cannot make a virtual environment: its venv module is missing, or the disk is full." \
            "On Debian: apt-get install python3-venv"
    fi
fi

touch "$mark"
echo "Installing $lock."
if command -v uv >/dev/null; then
    uv pip install --quiet --python "$python" --require-hashes -r "$lock" || failed=yes
else
    "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null || failed=yes
    "$python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" || failed=yes
fi
[ -z "${failed:-}" ] || fail "The requirements could not be installed: see above." \
    "Free space here: $(df -h . | awk 'NR == 2 {print $4}'). The package index must be reachable. Then try again."
cp "$lock" "$stamp"
rm -f "$mark"
