# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with the scripts that source this
# What the tools share that run tests on an emulated processor. To be sourced
# after script/lib.sh. Exits: 77 skipped, 124 out of time, 125 the emulation
# itself failed.

# parse_options ARGUMENT...: reads the options that all of them have, and
# --cpu, and leaves what follows in `arguments`.
parse_options() {
  may_install=1 filter='' seconds=0 cpu='' arguments=()
  while (($#)); do
    case $1 in
      --no-install) may_install=0 ;;
      --filter) filter=${2:?--filter needs cases} && shift ;;
      --seconds) seconds=${2:?--seconds needs a number} && shift ;;
      --cpu) cpu=${2:?--cpu needs a model} && shift ;;
      --help | -h)
        sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
      -*) fail "unknown option: $1" 125 ;;
      *) arguments=("$@") && break ;;
    esac
    shift
  done
  [[ $seconds =~ ^[0-9]+$ ]] || fail "--seconds: no whole number: $seconds" 125
}

# Ends the script as skipped if nothing may be installed.
need_to_install() {
  ((may_install)) && return
  say "$script_name: skipped: these are missing: $*; without --no-install," \
    "$script_name gets them"
  trap - EXIT
  exit 77
}

# As need_packages, unless nothing may be installed.
need_packages_or_skip() {
  local name missing=()
  for name; do
    is_installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  need_to_install "${missing[@]}"
  need_packages "${missing[@]}"
}

# conclude STATUS LOG ISA: says what a run of GoogleTest did and ends with
# STATUS (124: out of time), or as failed if that run proves nothing about ISA.
conclude() {
  local status=$1 log=$2 isa=$3 ok='^\[       OK \]' name counts=()
  while read -r name; do
    counts+=("$(grep -c "$ok .*/$name (" "$log") on $name,")
  done < <(sed -n "s|$ok .*/\([a-z0-9]*\) (.*|\1|p" "$log" | sort -u)
  say "$script_name: cases that passed:${counts[*]:+ ${counts[*]}}" \
    "$(grep -c "$ok" "$log" || true) in all"
  if ((status == 124)); then
    name=$(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)
    fail "out of time after $seconds s, in ${name:-no case yet}" 124
  fi
  ((status == 0)) || fail "kernels_test failed" "$status"
  grep -q "$ok" "$log" || fail "no case fits --filter $filter" 125
  if [[ -z $filter || $filter == -* ]]; then
    grep -q "$ok .*/$isa (" "$log" || fail "no case ran on $isa" 125
  fi
  exit 0
}
