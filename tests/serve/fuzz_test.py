#!/usr/bin/env python3
"""Throw malformed requests at `pellucid serve` and see that it stands.

    fuzz_test.py PROGRAM MODEL [--seconds S] [--seed N]

Requests are drawn by seed: good ones with bytes changed, heads and bodies cut,
lengths that lie, chunks that are none, keys and values that are not meant,
clients that stop in the middle. Whatever is answered must be HTTP, never say
that the server failed, and name no path; between them a good request is
answered as ever. With sanitizers in the program, their word counts too: the
program must end as an interrupted one does.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

ROUTES = ["lens", "trace", "tokenize", "generate", "info", "models"]
METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "EAT", ""]
KEYS = [
    "text", "ids", "messages", "model", "lens", "bos", "layers", "positions",
    "sites",
    "embed", "top_k", "targets", "skip_first", "edits", "what_if", "stream",
    "format", "max_tokens", "temperature", "top_p", "min_p", "seed", "stop",
    "repetition_penalty", "generation_prompt", "ignore_eos", "none",
]  # fmt: skip
WHAT_IF = [
    {"do": "zero_head", "layer": 0, "head": 0, "positions": "all"},
    {"do": "patch", "from": "b", "layer": 0, "position": -1},
    {"do": "steer", "plus": "a", "minus": "b", "layer": 1, "scale": 2.0},
]
EDITS = [
    {"site": "embed", "kind": "zero"},
    {"site": "model.layers.0", "kind": "scale", "factor": 2},
    {"site": "blocks.0.attn.hook_scores", "kind": "mask", "keys": "0"},
]
ODD_HEADERS = [
    "Origin: http://evil.example",
    "Origin: null",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "Range: bytes=0-,0-,0-",
    "Range: bytes=" + "0-," * 2000,
    "Connection: close",
    "Connection: keep-alive",
    "Content-Type: multipart/form-data; boundary=x",
    "Accept-Encoding: gzip, br",
    "Host: evil.example",
    "no colon",
    "A: " + "%0d%0a" * 5,
    "\t: \x01",
    "Cookie: a=" + "b" * 99,
]
GOOD = {"ids": [1, 2, 3], "top_k": 2}
# A busy machine is slow, not broken.
SECONDS = 60.0
MAX_MEGABYTES = 2000


class Fuzzer:
    """One stream of requests."""

    def __init__(self, host: str, port: int, seed: int, folder: bytes) -> None:
        self.host, self.port = host, port
        self.folder = folder  # whose path is nobody's business
        self.random = random.Random(seed)
        self.sent = 0

    def value(self, depth: int = 0) -> Any:
        """Give a value of any kind."""
        r = self.random
        kind = r.randrange(12 if depth < 3 else 8)
        if kind == 0:
            return r.choice([None, True, False])
        if kind == 1:
            return r.choice([0, 1, -1, 2**31, 2**63, -(2**63), 10**30])
        if kind == 2:
            return r.choice([0.5, -1e308, 1e-320, 3.0])
        if kind < 6:
            return r.choice(
                ["", "a", "all", "last", "0:", "-1", "::0", "embed", "id=1",
                 "id=-1", "resid_mid", "never", "\u0000", "\ud83d\ude00",
                 "x" * r.randrange(3000), "../../etc/passwd", "*"]
            )  # fmt: skip
        if kind < 8:
            return [r.randrange(40) for _ in range(r.randrange(30))]
        if kind < 10:
            return [self.value(depth + 1) for _ in range(r.randrange(4))]
        return {
            r.choice(KEYS): self.value(depth + 1) for _ in range(r.randrange(4))
        }

    def body(self) -> bytes:
        """Give a body: a request with one thing wrong, or many."""
        r = self.random
        request: Any = dict(GOOD)
        if r.random() < 0.3:
            request["what_if"] = [r.choice(WHAT_IF)]
        if r.random() < 0.3:
            request["edits"] = [r.choice(EDITS)]
        if r.random() < 0.3:
            request["sites"] = ["embed"]
        if r.random() < 0.4:
            request["stream"] = True
        for _ in range(r.randrange(4)):
            request[r.choice(KEYS)] = self.value()
        if r.random() < 0.1:
            request = self.value()
        body = json.dumps(request).encode()
        if r.random() < 0.3:
            body = self.spoil(body)
        if r.random() < 0.02:
            body = b"[" * r.randrange(100_000)
        return body

    def spoil(self, data: bytes) -> bytes:
        """Change, cut or double some bytes."""
        r = self.random
        out = bytearray(data)
        for _ in range(r.randrange(1, 6)):
            at = r.randrange(len(out) + 1)
            what = r.randrange(4)
            if what == 0 and at < len(out):
                out[at] = r.randrange(256)
            elif what == 1:
                out[at:at] = bytes([r.randrange(256)]) * r.randrange(1, 50)
            elif what == 2:
                del out[at : at + r.randrange(20)]
            else:
                out[at:at] = out[: r.randrange(200)]
        return bytes(out)

    def request(self) -> bytes:
        """Give the bytes of one request, or of something like it."""
        r = self.random
        body = self.body()
        good = r.random() < 0.5
        method = "POST" if good else r.choice(METHODS)
        path = "/api/v1/" + r.choice(ROUTES)
        if r.random() < 0.1:
            path = r.choice(
                ["/", "//", "/%00", "/api/v1/info?model=%ff&a", "*",
                 "/" + "a" * r.randrange(10_000), "/api/v1/lens?" + "a=b&" * 99]
            )  # fmt: skip
        version = r.choice(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/2", ""])
        headers = [
            f"Host: {self.host}:{self.port}",
            "Content-Type: application/json",
        ]
        framing = r.randrange(8)
        if framing < 5:
            headers.append(f"Content-Length: {len(body)}")
        elif framing == 5:
            headers.append("Transfer-Encoding: chunked")
            body = self.chunks(body)
        elif framing == 6:
            lie = r.choice([0, 1, len(body) * 2, -1, 2**64, 10**9, "x"])
            headers.append(f"Content-Length: {lie}")
        for _ in range(r.randrange(3)):
            headers.append(self.odd_header())
        r.shuffle(headers)
        line = f"{method} {path} {version}"
        head = "\r\n".join([line, *headers]) + "\r\n\r\n"
        data = head.encode("latin-1", "replace") + body
        return self.spoil(data) if r.random() < 0.2 else data

    def odd_header(self) -> str:
        """Give a header that a request need not have."""
        size = self.random.randrange(20_000)
        return self.random.choice([*ODD_HEADERS, "X: " + "y" * size])

    def chunks(self, body: bytes) -> bytes:
        """Give the body in chunks, now and then wrong ones."""
        r = self.random
        out = b""
        while body:
            size = r.randrange(1, 200)
            part, body = body[:size], body[size:]
            told = len(part) if r.random() < 0.95 else r.choice([0, 2**40])
            out += f"{told:x}\r\n".encode() + part + b"\r\n"
        return out + (b"0\r\n\r\n" if r.random() < 0.9 else b"")

    def once(self) -> None:
        """Send one request and look at what comes back."""
        r = self.random
        data = self.request()
        self.sent += 1
        with socket.create_connection(
            (self.host, self.port), timeout=SECONDS
        ) as client:
            try:
                if r.random() < 0.1:
                    client.sendall(data[: r.randrange(len(data) + 1)])
                    if r.random() < 0.5:
                        return  # hangs up in the middle
                else:
                    client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while chunk := client.recv(65536):
                    answer += chunk
            except (ConnectionResetError, BrokenPipeError):
                return
        self.check(answer, data)

    def check(self, answer: bytes, data: bytes) -> None:
        """Answers are HTTP, and no failure of the server's own."""
        if not answer:
            return
        status = answer[:12]
        if status[:9] not in (b"HTTP/1.1 ",):
            raise AssertionError(f"no HTTP: {answer[:200]!r} to {data[:500]!r}")
        if status[9:] in (b"500", b"502", b"504"):
            raise AssertionError(f"{answer[:500]!r} to {data[:2000]!r}")
        if self.folder in answer:
            raise AssertionError(f"a path: {answer[:500]!r}")


def ask(host: str, port: int) -> bytes:
    """Give the answer to a good request, without its times."""
    body = json.dumps(GOOD).encode()
    head = (
        f"POST /api/v1/lens HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = b""
    with socket.create_connection((host, port), timeout=SECONDS) as client:
        client.sendall(head.encode() + body)
        while chunk := client.recv(65536):
            answer += chunk
    if not answer.startswith(b"HTTP/1.1 200"):
        raise AssertionError(
            f"a good request is answered with {answer[:300]!r}"
        )
    return answer[answer.index(b'"schema"') : answer.index(b'"timing"')]


def megabytes(pid: int) -> float:
    """Give the memory of a process, or 0 where nobody knows."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    except OSError:
        return 0.0


def fuzz(
    host: str, port: int, pid: int, seed: int, seconds: float, folder: bytes
) -> int:
    """Run some fuzzers at once; give how much they sent."""
    end = time.monotonic() + seconds
    expected = ask(host, port)
    problems: list[BaseException] = []
    fuzzers = [Fuzzer(host, port, seed * 1000 + i, folder) for i in range(4)]

    def run(fuzzer: Fuzzer) -> None:
        try:
            while time.monotonic() < end and not problems:
                fuzzer.once()
        except BaseException as problem:  # told by the main thread
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(f,)) for f in fuzzers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        if not problems and ask(host, port) != expected:
            problems.append(AssertionError("a good request is answered anew"))
        if megabytes(pid) > MAX_MEGABYTES:
            problems.append(AssertionError(f"{megabytes(pid):.0f} MB taken"))
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return sum(fuzzer.sent for fuzzer in fuzzers)


def main() -> int:
    """Run the program and the fuzzers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    # Named from where it lies, so that a path in an answer is one too many.
    model = Path(args.model).resolve()
    with subprocess.Popen(
        [Path(args.program).resolve(), "serve", "--port", "0",
         "--model", f"./{model.name}", "--threads", "2", "--time-limit", "60"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=model.parent,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            url = urlparse(server.stdout.readline().strip())
            host, port = url.hostname, url.port
            assert host is not None and port is not None
            sent = fuzz(
                host,
                port,
                server.pid,
                args.seed,
                args.seconds,
                os.fsencode(model.parent),
            )
        finally:
            alive = server.poll() is None
            server.send_signal(signal.SIGTERM)
            code = server.wait(timeout=60)
    if not alive or code != 130:
        print(f"the program ended with {code}", file=sys.stderr)
        return 1
    print(f"{sent} requests in {args.seconds:g} s, seed {args.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
