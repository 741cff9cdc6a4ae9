"""Peers in processes of their own, which load once and work on request.

A worker reads one JSON object a line and answers with one. The first line it
writes says that it is ready (`{"ready": ...}`), each later one how long the
work took and what came out: `ms`, and mostly `top`, the likeliest tokens of
some distributions as lists of [id, logit]. `serve` is the worker's side, `Peer`
the other one.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class PeerError(Exception):
    """A peer is missing, failed or took too long; the text says which."""


Reply = dict[str, Any]
Work = Callable[[Sequence[int], int], Reply]


def serve(ready: Reply, works: Mapping[str, Work]) -> None:
    """Answer requests on standard input until it ends.

    Parameters
    ----------
    ready
        What to say first: versions and such.
    works
        By name; each takes ids and a number of steps, and returns what else
        the answer is to say.
    """
    # Libraries that print must not come between the lines of the protocol.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"ready": ready}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        try:
            work = works[request["work"]]
            answer = work(request["ids"], request.get("steps", 1))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        elapsed = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": elapsed, **answer}), file=answers)


class Peer:
    """A worker process.

    Parameters
    ----------
    command
        What to run.
    environment
        Its variables.
    timeout
        Seconds until an answer is given up.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        timeout: float,
    ) -> None:
        self._timeout = timeout
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=target, daemon=True)
            for target in (self._read_lines, self._read_errors)
        ]
        for reader in self._readers:
            reader.start()
        self.ready: Reply = self._answer()["ready"]

    def _read_lines(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._errors = [*self._errors[-20:], line.strip()]

    def _answer(self) -> Reply:
        try:
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            self._process.kill()
            self.close()
            raise PeerError(f"no answer in {self._timeout:.0f} s") from None
        if line is None:
            self._lines.put(None)  # whoever asks again gets the same answer
            self.close()
            raise PeerError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        """Why the process ended: its last line, or the signal that ended it."""
        status = self._process.returncode
        if status is not None and status < 0:
            return f"ended by {signal.Signals(-status).name}"
        return next(filter(None, reversed(self._errors)), "no message")

    def run(self, work: str, ids: Sequence[int], steps: int = 1) -> Reply:
        """Have the worker do `work` once, and return its answer."""
        request = {"work": work, "ids": list(ids), "steps": steps}
        try:
            assert self._process.stdin
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # the process has ended; the answer says why
        return self._answer()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
