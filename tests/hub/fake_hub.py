"""The hub on the loopback interface, made of Python's own HTTP server.

Two ports, as the hub has two hosts: one knows the repository and redirects for
large files to the other, which has their bytes. The repository is `org/name`
with one commit.
"""

import hashlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
API = "/api/models/org/name/"


class File:
    """One file: its bytes, and whether it is a large one."""

    def __init__(self, content: bytes, large: bool) -> None:
        self.content = content
        self.large = large
        blob = b"blob %d\0" % len(content) + content
        self.oid = hashlib.sha1(blob, usedforsecurity=False).hexdigest()
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.etag = self.sha256 if large else self.oid


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub and for the store of large files."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.answer(body_wanted=False)

    def do_GET(self) -> None:
        """Answer with a body."""
        self.answer(body_wanted=True)

    def answer(self, body_wanted: bool) -> None:
        """Tell what is asked for by its path."""
        hub = self.server.hub
        with hub.lock:
            hub.log.append(
                (self.server.role, self.command, self.path, dict(self.headers))
            )
        path = self.path.partition("?")[0]
        if self.server.role == "store":
            file = hub.by_sha256().get(path.lstrip("/"))
            return self.send_file(file, {}, body_wanted)
        if path.startswith(API + "revision/"):
            return self.send_json(hub.info(), body_wanted)
        if path.startswith(API + "tree/"):
            return self.send_json(hub.tree(), body_wanted)
        parts = path.split("/", 5)
        if path.startswith("/org/name/resolve/") and len(parts) == 6:
            return self.send_resolved(parts[5], body_wanted)
        return self.send_bytes(404, b"", {}, body_wanted)

    def send_resolved(self, name: str, body_wanted: bool) -> None:
        """Answer as /resolve/ does: the file, or where it is."""
        hub = self.server.hub
        file = hub.files.get(name)
        commit = {"X-Repo-Commit": COMMIT}
        if file is None:
            code = {"X-Error-Code": "EntryNotFound", **commit}
            return self.send_bytes(404, b"", code, body_wanted)
        quoted = f'"{file.etag}"'
        if not file.large:
            return self.send_file(file, {"ETag": quoted, **commit}, body_wanted)
        headers = {
            "Location": f"{hub.store_url}/{file.sha256}",
            "X-Linked-Etag": quoted,
            "X-Linked-Size": str(len(file.content)),
            **commit,
        }
        return self.send_bytes(302, b"elsewhere", headers, body_wanted)

    def send_file(
        self, file: File | None, headers: dict[str, str], body_wanted: bool
    ) -> None:
        """Send a file, or the range of it that is asked for."""
        if file is None:
            return self.send_bytes(404, b"", {}, body_wanted)
        wanted = self.headers.get("Range")
        if wanted is None:
            return self.send_bytes(200, file.content, headers, body_wanted)
        first = int(wanted.removeprefix("bytes=").partition("-")[0])
        last = len(file.content) - 1
        headers = {
            "Content-Range": f"bytes {first}-{last}/{last + 1}",
            **headers,
        }
        return self.send_bytes(206, file.content[first:], headers, body_wanted)

    def send_json(self, value: Any, body_wanted: bool) -> None:
        """Send a document."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(value).encode()
        return self.send_bytes(200, body, headers, body_wanted)

    def send_bytes(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        body_wanted: bool,
    ) -> None:
        """Send an answer, in slow pieces where the hub is slow."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not body_wanted:
            return
        piece = self.server.hub.piece_bytes
        try:
            for begin in range(0, len(body), piece):
                self.wfile.write(body[begin : begin + piece])
                time.sleep(self.server.hub.piece_seconds)
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """One port of the hub."""

    daemon_threads = True

    def __init__(self, hub: "FakeHub", role: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        self.role = role


class FakeHub:
    """The hub with the files of one repository.

    Parameters
    ----------
    files
        By their names.
    certificate
        Files of a certificate and its key: the hub then speaks HTTPS.
    """

    def __init__(
        self,
        files: dict[str, File],
        certificate: tuple[str, str] | None = None,
    ) -> None:
        self.files = files
        self.lock = threading.Lock()
        self.log: list[tuple[str, str, str, dict[str, str]]] = []
        self.piece_bytes = 1 << 20
        self.piece_seconds = 0.0
        self.servers = [Server(self, "hub"), Server(self, "store")]
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            for server in self.servers:
                server.socket = context.wrap_socket(
                    server.socket, server_side=True
                )
        ports = [server.server_address[1] for server in self.servers]
        self.url = f"{scheme}://127.0.0.1:{ports[0]}"
        self.store_url = f"{scheme}://localhost:{ports[1]}"
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End both servers."""
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def by_sha256(self) -> dict[str, File]:
        """Give the large files by their hashes."""
        return {file.sha256: file for file in self.files.values() if file.large}

    def requests(self, role: str, method: str) -> list[dict[str, str]]:
        """Give the headers of what was asked."""
        with self.lock:
            return [
                headers
                for of, by, _, headers in self.log
                if (of, by) == (role, method)
            ]

    def info(self) -> dict[str, Any]:
        """Give what /api/models/ says of a revision."""
        return {
            "_id": "1",
            "id": "org/name",
            "sha": COMMIT,
            "private": False,
            "gated": False,
            "disabled": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": name} for name in self.files],
        }

    def tree(self) -> list[dict[str, Any]]:
        """Give what the tree of a commit is."""
        entries = []
        for name, file in self.files.items():
            size = len(file.content)
            entry = {"type": "file", "oid": file.oid, "size": size}
            entry["path"] = name
            if file.large:
                lfs = {"oid": file.sha256, "size": size, "pointerSize": 130}
                entry["lfs"] = lfs
            entries.append(entry)
        return entries
