# shellcheck shell=bash
# What the scripts of this folder share. To be sourced, after
# `set -euo pipefail`; leaves the absolute path of the repository in $root.
#
# Everything said goes to standard error, so that standard output holds the
# result of a script and nothing else.

# shellcheck disable=SC2034  # used by the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script_name=script/$(basename "$0")
current_step="starting"
cleanup_paths=()

# All that Debian 12 lacks for building and testing; one list, so that each
# script leaves a machine on which the others are quick.
# shellcheck disable=SC2034  # used by the scripts that source this file
build_packages=(
  cmake ninja-build g++ pkg-config
  libhwy-dev libtbb-dev libsimdjson-dev rapidjson-dev libfmt-dev
  libcli11-dev libutf8proc-dev libonig-dev libcairo2-dev libpango1.0-dev
  libcurl4-openssl-dev libcpp-httplib-dev zlib1g-dev ca-certificates
  libgtest-dev libgmock-dev
)

# What the Python module takes to build and to test beside these; the rest comes
# from the Python index (python/tests/requirements.txt).
# shellcheck disable=SC2034  # used by the scripts that source this file
python_packages=(python3 python3-dev python3-venv)

# Letters of figures: Latin, then most other scripts, then Chinese, Japanese and
# Korean, then emoji in colour. Without them a figure shows boxes.
# shellcheck disable=SC2034  # used by the scripts that source this file
font_packages=(
  fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
)

say() { printf '%s\n' "$*" >&2; }

# Names what is being done: for the reader now, and for the last line if it
# fails.
step() {
  current_step=$1
  say "$script_name: $1"
}

fail() {
  current_step=$1
  exit "${2:-1}"
}

# The last line of a failed run says where it stopped.
on_exit() {
  local status=$?
  if ((${#cleanup_paths[@]})); then rm -rf -- "${cleanup_paths[@]}"; fi
  if ((status != 0)); then
    say "$script_name: error: failed (exit $status): $current_step"
  fi
}
trap on_exit EXIT

# Removes `path` when the script ends, however it ends.
clean_up_later() { cleanup_paths+=("$1"); }

# make_venv FOLDER REQUIREMENTS: an environment of Debian's Python with what a
# file names; nothing where it is there already.
make_venv() {
  local folder=$1 requirements=$2 log status=0
  if cmp -s -- "$requirements" "$folder/made-from"; then return 0; fi
  step "making $folder with what $requirements names"
  log=$(mktemp)
  {
    rm -rf -- "$folder" &&
      /usr/bin/python3 -m venv "$folder" &&
      "$folder/bin/pip" install --disable-pip-version-check --retries 5 \
        -r "$requirements" &&
      cp -- "$requirements" "$folder/made-from"
  } >"$log" 2>&1 || status=$?
  if ((status != 0)); then cat -- "$log" >&2; fi
  rm -f -- "$log"
  return "$status"
}

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt-get without questions; its output is shown only if it fails.
apt_get() {
  local sudo=() log status=0
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "packages are missing, and there is neither root nor sudo"
    sudo=(sudo)
  fi
  log=$(mktemp)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" \
    </dev/null >"$log" 2>&1 || status=$?
  if ((status != 0)); then cat -- "$log" >&2; fi
  rm -f -- "$log"
  return "$status"
}

# need_packages NAME...: installs by apt those that are not there yet. Asks
# apt for nothing when all are there.
need_packages() {
  local name missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "$script_name: no apt here; going on as if these were there: $*"
    return
  fi
  for name; do
    is_installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  step "installing packages: ${missing[*]}"
  # A list that could not be refreshed (one source of several is down) may
  # still serve; whether it does shows in the next line.
  apt_get update || say "$script_name: apt-get update failed; going on"
  apt_get install -y --no-install-recommends "${missing[@]}" || {
    say "$script_name: apt-get install failed; trying once more"
    sleep 5
    apt_get update || true
    apt_get install -y --no-install-recommends "${missing[@]}"
  }
}
