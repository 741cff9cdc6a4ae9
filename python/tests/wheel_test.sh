#!/usr/bin/env bash
# Builds the wheel as `pip install .` does and uses it where nothing else is but
# NumPy: import, a run, the command line, and the type stubs.
#
#   wheel_test.sh FOLDER PYTHON
#
# FOLDER is made anew.
set -euo pipefail
folder=$1 python=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
golden=$root/tests/golden/tiny_hf/gpt2_plain

rm -rf -- "$folder"
mkdir -p "$folder"
echo "building the wheel"
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2} \
  "$python" -m pip wheel --quiet --no-deps --wheel-dir "$folder" "$root"

echo "installing it with NumPy alone"
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "$folder"/pellucid-*.whl
"$folder/venv/bin/pip" list --format freeze | cut -d= -f1 | sort >"$folder/has"
for name in matplotlib pandas ipython; do
  if grep -qx "$name" "$folder/has"; then
    echo "error: $name came with it" >&2
    exit 1
  fi
done

cd "$folder" # away from the sources
venv/bin/python "$root/python/tests/wheel_use.py" "$golden"
venv/bin/pellucid --version
venv/bin/python -m pellucid info --json - "$golden" | grep -q '"gpt2"'
echo "the wheel works"
