#!/usr/bin/env python3
"""Test `pellucid pull` in processes of its own against an HTTP server.

    process_test.py PROGRAM [unittest options]

What one process can show is tested in C++. Here: several at once, Ctrl-C,
HTTPS, and a server that is not this project's.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from fake_hub import COMMIT, FakeHub, File

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "pellucid"
WEIGHTS = bytes(range(256)) * 40000  # 10 MB

# The promise is 100 ms; a busy machine gets a second before this fails.
SECONDS_TO_STOP = 1.0


def files() -> dict[str, File]:
    """Give the files of a small model."""
    return {
        "README.md": File(b"read me", large=False),
        "config.json": File(b"{}", large=False),
        "tokenizer.json": File(b'{"model": {}}', large=False),
        "model.safetensors": File(WEIGHTS, large=True),
    }


class ProcessTest(unittest.TestCase):
    """A hub, and an empty cache for each test."""

    def setUp(self) -> None:
        """Make them."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cache = self.folder / "hub"
        self.repo = self.cache / "models--org--name"
        self.start_hub()

    def start_hub(self, certificate: tuple[str, str] | None = None) -> None:
        """Start the hub that the environment then names."""
        self.hub = FakeHub(files(), certificate)
        self.addCleanup(self.hub.close)
        self.environment = {
            **os.environ,
            "HF_ENDPOINT": self.hub.url,
            "HF_HUB_CACHE": str(self.cache),
            "HF_TOKEN": "hf_secret",
            "HF_HUB_OFFLINE": "0",
            "no_proxy": "*",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the program."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_it(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the program to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(
            arguments, process.returncode, out, err
        )

    def snapshot(self) -> Path:
        """Give the folder that a pull leaves."""
        return self.repo / "snapshots" / COMMIT

    def test_a_model_comes_and_the_token_stays(self) -> None:
        """The bytes are right, and no other host saw the token."""
        run = self.run_it("pull", "org/name", "--json", "-")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr, "")
        report = json.loads(run.stdout)
        self.assertEqual(report["path"], str(self.snapshot()))
        weights = self.snapshot() / "model.safetensors"
        self.assertEqual(weights.read_bytes(), WEIGHTS)
        for headers in self.hub.requests("hub", "GET"):
            self.assertEqual(headers["Authorization"], "Bearer hf_secret")
        stored = self.hub.requests("store", "GET")
        self.assertEqual(len(stored), 1)
        self.assertNotIn("Authorization", stored[0])

    def test_two_at_once_download_once(self) -> None:
        """The second waits for the first, and both have the model."""
        self.hub.piece_seconds = 0.05
        runs = [self.start("pull", "org/name") for _ in range(3)]
        for run in runs:
            _, err = run.communicate(timeout=120)
            self.assertEqual((run.returncode, err), (0, ""))
        self.assertEqual(len(self.hub.requests("store", "GET")), 1)
        left = sorted(path.name for path in (self.repo / "blobs").iterdir())
        wanted = [file.etag for name, file in files().items() if name[0] != "R"]
        self.assertEqual(left, sorted(wanted))

    def test_ctrl_c_leaves_what_has_arrived(self) -> None:
        """It ends at once, and the next run goes on."""
        self.hub.piece_bytes = 100000
        self.hub.piece_seconds = 0.05
        etag = files()["model.safetensors"].etag
        part = self.repo / "blobs" / (etag + ".incomplete")
        run = self.start("pull", "org/name")
        while not (part.exists() and part.stat().st_size > 0):
            self.assertIsNone(run.poll())
            time.sleep(0.01)
        begin = time.monotonic()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
        self.assertLess(time.monotonic() - begin, SECONDS_TO_STOP)
        self.assertEqual((run.returncode, out, err), (130, "", ""))
        size = part.stat().st_size
        self.assertEqual(part.read_bytes(), WEIGHTS[:size])
        self.assertFalse((self.repo / "refs").exists())

        self.hub.piece_seconds = 0.0
        again = self.run_it("pull", "org/name")
        self.assertEqual(again.returncode, 0, again.stderr)
        ranges = [
            headers.get("Range")
            for headers in self.hub.requests("store", "GET")
        ]
        self.assertEqual(ranges, [None, f"bytes={size}-"])
        weights = self.snapshot() / "model.safetensors"
        self.assertEqual(weights.read_bytes(), WEIGHTS)

    def test_a_kill_leaves_nothing_half(self) -> None:
        """What a killed process leaves is no model, and is gone on with."""
        self.hub.piece_seconds = 0.1
        run = self.start("pull", "org/name")
        while not self.hub.requests("store", "GET"):
            time.sleep(0.01)
        run.kill()
        run.communicate(timeout=60)
        self.environment["HF_HUB_OFFLINE"] = "1"
        self.assertEqual(self.run_it("pull", "org/name").returncode, 3)
        self.environment["HF_HUB_OFFLINE"] = "0"
        self.hub.piece_seconds = 0.0
        self.assertEqual(self.run_it("pull", "org/name").returncode, 0)

    def test_https_needs_a_certificate_that_is_trusted(self) -> None:
        """An unknown one is refused, and one that is named is taken."""
        if shutil.which("openssl") is None:
            self.skipTest("openssl is not installed")
        key, certificate = self.folder / "key", self.folder / "certificate"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", key, "-out", certificate],
            check=True,
            capture_output=True,
        )  # fmt: skip
        self.start_hub((str(certificate), str(key)))
        for name in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            self.environment.pop(name, None)
        self.environment["SSL_CERT_FILE"] = str(certificate)
        run = self.run_it("pull", "org/name")
        self.assertEqual(run.returncode, 0, run.stderr)
        weights = self.snapshot() / "model.safetensors"
        self.assertEqual(weights.read_bytes(), WEIGHTS)

        shutil.rmtree(self.cache)
        del self.environment["SSL_CERT_FILE"]
        run = self.run_it("pull", "org/name")
        self.assertEqual(run.returncode, 1)
        self.assertIn("certificate", run.stderr)
        self.assertFalse(self.cache.exists())


if __name__ == "__main__":
    unittest.main()
