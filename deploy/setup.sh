#!/usr/bin/env bash
# Install what Project Box needs, doing only what is missing; silent when nothing is.
#
#   deploy/setup.sh run    to run it:   system packages, Python and browser libraries
#   deploy/setup.sh lint   to check it: Python libraries with the developers' tools, no system packages
#   deploy/setup.sh test   to test it:  everything, with a browser to test in
#   deploy/setup.sh qgis   to test with QGIS: what tests need, without a browser, and QGIS
#   deploy/setup.sh all    run + lint
#
# Works as root (installs system packages by apt-get) and as an ordinary user (names the ones that are missing and
# stops). Settings:
#   PYTHON                    the interpreter to use, 3.11 or newer
#   PROJECT_BOX_SKIP_SYSTEM   any value: neither look for nor install system packages
#   PROJECT_BOX_SKIP_KERNELS  any value: do not compile the site check and the fast drawing reader ahead of use
#   PROJECT_BOX_DATABASE_URL  a PostgreSQL of your own: to run, none is installed here
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
purpose=${1:-all}
case $purpose in run | lint | test | qgis | all) ;; *)
    echo "usage: deploy/setup.sh run|lint|test|qgis|all" >&2
    exit 2
    ;;
esac

say() { printf '» %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# One set-up at a time in one checkout.
mkdir -p var
if have flock; then
    exec 9>var/setup.lock
    flock 9
fi

# --- system packages -------------------------------------------------------------------------------------------------

missing=()

postgis_is_there() {
    local control version
    for control in /usr/share/postgresql/*/extension/postgis.control; do
        version=$(basename "$(dirname "$(dirname "$control")")")
        [ -x "/usr/lib/postgresql/$version/bin/initdb" ] && return 0
    done
    return 1
}

cjk_font_is_there() {
    local font
    for font in /usr/share/fonts/*/noto*/NotoSans*CJK* /usr/share/fonts/*/*/NotoSansCJK* \
        /usr/share/fonts/noto-cjk/NotoSans* "$HOME"/.fonts/NotoSans*CJK* "$HOME"/.local/share/fonts/NotoSans*CJK*; do
        [ -e "$font" ] && return 0
    done
    have fc-list && fc-list 2>/dev/null | grep -qiE 'noto *sans *(mono *)?cjk'
}

usable_python() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if usable_python "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

qgis_is_there() {
    /usr/bin/python3 -c 'import qgis.core' >/dev/null 2>&1 && [ -e /usr/lib/qgis ] &&
        { have qgis_process.bin || have qgis_process; }
}

look_for_system_packages() {
    missing=()
    find_python >/dev/null || missing+=(python3 python3-venv)
    [ -n "${PROJECT_BOX_SKIP_SYSTEM:-}" ] && return 0
    [ "$purpose" = lint ] && return 0
    if [ "$purpose" = test ] || [ "$purpose" = qgis ] || [ -z "${PROJECT_BOX_DATABASE_URL:-}" ]; then
        postgis_is_there || missing+=(postgresql-15 postgresql-15-postgis-3)
    fi
    cjk_font_is_there || missing+=(fonts-noto-cjk)
    # For personal geodatabases (.mdb) only: nothing to stop for where an ordinary user just wants to run the platform.
    have mdb-json || { [ "$purpose" = run ] && [ "$(id -u)" != 0 ]; } || missing+=(mdbtools)
    if [ "$purpose" = qgis ]; then
        qgis_is_there || missing+=(qgis python3-qgis qgis-providers)
    fi
    if [ "$purpose" = test ]; then
        have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
    fi
}

# Debian 12 has PostgreSQL 15; a newer Debian or Ubuntu has a newer one, which does as well.
name_available_postgresql() {
    local version packages=()
    [[ " ${missing[*]} " == *" postgresql-15 "* ]] || return 0
    for version in 15 16 17 18; do
        if apt-cache show "postgresql-$version-postgis-3" >/dev/null 2>&1; then
            for package in "${missing[@]}"; do packages+=("${package//postgresql-15/postgresql-$version}"); done
            missing=("${packages[@]}")
            return 0
        fi
    done
}

install_system_packages() {
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
    if ! have apt-get; then
        fail "these system packages (Debian's names) are missing: ${missing[*]}" \
            "install your system's equivalents, or set PROJECT_BOX_SKIP_SYSTEM=1 and see to them yourself"
    fi
    if [ "$(id -u)" != 0 ]; then
        name_available_postgresql
        fail "these system packages are missing: ${missing[*]}" \
            "ask an administrator to run:  apt-get install --no-install-recommends ${missing[*]}" \
            "then start again; a database of your own is used with PROJECT_BOX_DATABASE_URL"
    fi
    say "installing system packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update </dev/null
    name_available_postgresql
    # The platform makes its own private cluster: while the package is configured, let it make and start none.
    local policy=/etc/postgresql-common/createcluster.d/project-box.conf
    mkdir -p "$(dirname "$policy")"
    printf '%s\n' 'create_main_cluster = false' >"$policy"
    trap 'rm -f /etc/postgresql-common/createcluster.d/project-box.conf' EXIT
    "${apt[@]}" install -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" \
        </dev/null >var/apt.log 2>&1 || {
        tail -n 20 var/apt.log >&2
        fail "apt-get could not install ${missing[*]}"
    }
    rm -f "$policy"
    look_for_system_packages
    [ ${#missing[@]} = 0 ] || fail "still missing after the installation: ${missing[*]}"
}

look_for_system_packages
[ ${#missing[@]} = 0 ] || install_system_packages

# --- Python ----------------------------------------------------------------------------------------------------------

digest() { cat "$@" | sha256sum | cut -c1-64; }

# A stamp says what was installed last. It names the checkout too: a moved one needs its scripts made anew.
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

pip_install() {
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 \
        .venv/bin/python -m pip install -qq --no-input "$@" </dev/null
}

venv_stamp="$root"
if ! stamped .venv/.stamp-venv "$venv_stamp" || ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
    python=$(find_python) || fail "no Python 3.11 or newer with the venv module; set PYTHON to one"
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
    printf '%s\n' "$venv_stamp" >.venv/.stamp-venv
fi

install_locked() { # name, requirement files
    local name=$1 stamp
    shift
    stamp=$(digest "$@")
    stamped ".venv/.stamp-$name" "$stamp" && return 0
    say "installing Python packages: $name"
    local options=()
    for file in "$@"; do options+=(--requirement "$file"); done
    pip_install --require-hashes "${options[@]}"
    printf '%s\n' "$stamp" >".venv/.stamp-$name"
}

install_locked run requirements.txt
[ "$purpose" = run ] || install_locked tools requirements.txt requirements-dev.txt

project_stamp=$(digest pyproject.toml requirements.in)
if ! stamped .venv/.stamp-project "$project_stamp"; then
    pip_install --no-deps --no-build-isolation --no-index --editable .
    rm -rf build ./*.egg-info
    printf '%s\n' "$project_stamp" >.venv/.stamp-project
fi

# --- compiled kernels ------------------------------------------------------------------------------------------------

# Machine code of the site check and of the fast drawing reader, kept from run to run. In the background: it takes most
# of a minute, nothing waits for it; until it is there the first check compiles its own, and the careful reader reads all
# but the largest drawings.
if [ "$purpose" != lint ] && [ -z "${PROJECT_BOX_SKIP_KERNELS:-}" ]; then
    kernel_stamp=$(digest requirements.txt drawings/cad/fast/*.py gis/*/*_kernel.py)
    if ! stamped .venv/.stamp-kernels "$kernel_stamp"; then
        (
            exec 9>&- </dev/null >var/kernels.log 2>&1
            nice -n 15 .venv/bin/python -m gis.kernels &&
                nice -n 15 .venv/bin/python -m drawings.cad.fast && printf '%s\n' "$kernel_stamp" >.venv/.stamp-kernels
        ) &
    fi
fi

# --- browser libraries -----------------------------------------------------------------------------------------------

if [ "$purpose" != lint ]; then
    npm_stamp=$(digest package-lock.json .npmrc)
    if ! stamped node_modules/.stamp "$npm_stamp"; then
        if ! have npm || ! npm --version >/dev/null 2>&1; then
            install_locked node requirements-node.txt
            export PATH="$root/.venv/bin:$PATH"
        fi
        say "installing browser libraries"
        npm ci --no-audit --no-fund --ignore-scripts --loglevel=error --no-progress </dev/null >var/npm.log 2>&1 || {
            tail -n 20 var/npm.log >&2
            fail "npm could not install the browser libraries"
        }
        printf '%s\n' "$npm_stamp" >node_modules/.stamp
    fi
fi
