#!/usr/bin/env python3
"""Test that `pellucid` and the real `huggingface_hub` share one cache.

    huggingface_test.py PROGRAM [unittest options]

Exits 77 (skipped) where that package is not installed. PELLUCID_HF_PYTHON
names an interpreter that has it.
"""

import json
import os
import shutil
import subprocess
import sys
import time

PYTHON = os.environ.get("PELLUCID_HF_PYTHON", sys.executable)
IMPORT = [PYTHON, "-c", "import huggingface_hub"]
if (
    shutil.which(PYTHON) is None
    or subprocess.run(IMPORT, capture_output=True, check=False).returncode
):
    print("huggingface_hub is not installed; set PELLUCID_HF_PYTHON")
    sys.exit(77)

import process_test  # noqa: E402  # takes PROGRAM from the command line
from fake_hub import COMMIT  # noqa: E402

DOWNLOAD = (
    "result = snapshot_download('org/name', allow_patterns="
    "['config.json', 'tokenizer.json', 'model.safetensors'])"
)


class HuggingFaceTest(process_test.ProcessTest):
    """Each writes the cache that the other reads."""

    def in_python(self, code: str, offline: bool) -> object:
        """Run `code`, which sets `result`, with huggingface_hub imported."""
        self.environment["HF_HUB_OFFLINE"] = "1" if offline else "0"
        self.environment["HF_HUB_DISABLE_TELEMETRY"] = "1"
        lines = ["import json, sys", "from huggingface_hub import *", code]
        lines.append("json.dump(result, sys.stdout)")
        run = subprocess.run(
            [PYTHON, "-c", "\n".join(lines)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_it_reads_what_we_leave(self) -> None:
        """Snapshot, single files, absent files and the scan agree."""
        run = self.run_it("pull", "org/name")
        self.assertEqual(run.returncode, 0, run.stderr)
        asked = len(self.hub.log)
        folder = self.in_python("result = snapshot_download('org/name')", True)
        self.assertEqual(folder, str(self.snapshot()))
        file = self.in_python(
            "result = hf_hub_download('org/name', 'model.safetensors')", True
        )
        self.assertEqual(file, str(self.snapshot() / "model.safetensors"))
        absent = self.in_python(
            "from huggingface_hub import _CACHED_NO_EXIST\n"
            "result = try_to_load_from_cache('org/name', 'merges.txt')"
            " is _CACHED_NO_EXIST",
            True,
        )
        self.assertIs(absent, True)
        scan = self.in_python(
            "scan = scan_cache_dir()\n"
            "result = [len(scan.warnings),\n"
            "  [[repo.repo_id, sorted(repo.refs)] for repo in scan.repos]]",
            True,
        )
        self.assertEqual(scan, [0, [["org/name", ["main"]]]])
        self.assertEqual(len(self.hub.log), asked)

    def test_it_downloads_nothing_again(self) -> None:
        """Asked for the same with a network, it takes our blobs."""
        run = self.run_it("pull", "org/name")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.in_python(DOWNLOAD, offline=False)
        self.assertEqual(len(self.hub.requests("store", "GET")), 1)

    def test_we_read_what_it_leaves(self) -> None:
        """Offline, and then asking the hub."""
        self.in_python(DOWNLOAD, offline=False)
        stored = len(self.hub.requests("store", "GET"))
        self.environment["HF_HUB_OFFLINE"] = "1"
        run = self.run_it("pull", "org/name", "--json", "-")
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        self.assertEqual(report["path"], str(self.snapshot()))
        self.assertIs(report["current"], False)
        self.environment["HF_HUB_OFFLINE"] = "0"
        run = self.run_it("pull", f"org/name@{COMMIT}", "--json", "-")
        self.assertEqual(run.returncode, 0, run.stderr)
        came = [file["downloaded"] for file in json.loads(run.stdout)["files"]]
        self.assertEqual(came, [False] * 3)
        self.assertEqual(len(self.hub.requests("store", "GET")), stored)

    def test_we_finish_what_it_began(self) -> None:
        """A snapshot of one file is no model; the rest comes."""
        self.in_python(
            "result = hf_hub_download('org/name', 'config.json')", False
        )
        self.environment["HF_HUB_OFFLINE"] = "1"
        self.assertEqual(self.run_it("pull", "org/name").returncode, 3)
        self.environment["HF_HUB_OFFLINE"] = "0"
        run = self.run_it("pull", "org/name", "--json", "-")
        self.assertEqual(run.returncode, 0, run.stderr)
        came = [file["downloaded"] for file in json.loads(run.stdout)["files"]]
        self.assertEqual(came, [False, True, True])

    def test_locks_keep_both_apart(self) -> None:
        """While it holds a file's lock, we wait."""
        etag = process_test.files()["model.safetensors"].etag
        locks = self.cache / ".locks" / "models--org--name"
        locks.mkdir(parents=True)
        code = (
            "import sys\nfrom huggingface_hub.utils import WeakFileLock\n"
            f"with WeakFileLock({str(locks / (etag + '.lock'))!r}):\n"
            "    print('held', flush=True)\n    sys.stdin.readline()\n"
        )
        holder = subprocess.Popen(
            [PYTHON, "-c", code],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdin is not None and holder.stdout is not None
        self.addCleanup(holder.stdin.close)
        self.addCleanup(holder.stdout.close)
        self.assertEqual(holder.stdout.readline(), "held\n")
        run = self.start("pull", "org/name")
        while not (self.snapshot() / "tokenizer.json").exists():
            self.assertIsNone(run.poll())
            time.sleep(0.01)
        time.sleep(0.2)  # it had the time to do what it must not do
        self.assertIsNone(run.poll())
        self.assertEqual(self.hub.requests("store", "GET"), [])
        holder.stdin.write("\n")
        holder.stdin.flush()
        _, err = run.communicate(timeout=60)
        self.assertEqual((run.returncode, err), (0, ""))
        self.assertEqual(holder.wait(timeout=60), 0)


def load_tests(loader, _tests, _pattern):  # noqa: ANN001, ANN201
    """Leave out the tests of the base class."""
    suite = process_test.unittest.TestSuite()
    for name in loader.getTestCaseNames(HuggingFaceTest):
        if not hasattr(process_test.ProcessTest, name):
            suite.addTest(HuggingFaceTest(name))
    return suite


if __name__ == "__main__":
    process_test.unittest.main()
