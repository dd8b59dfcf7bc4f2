"""A web server on this machine that misbehaves in the ways that servers do."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
from typing import Dict, Iterator, List, Optional


class Script:
    """What the server does, and what it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.resumes = True
        self.breaks: List[int] = []
        """The byte at which each of the next answers breaks off."""
        self.codes: List[int] = []
        """The errors that come first."""
        self.asked: List[Optional[str]] = []
        """The Range of each GET so far."""
        self.root = ""
        """The address of the server; whatever file is asked for below it, the content comes."""
        self.files: Dict[str, bytes] = {}
        """What lies at which path; with any, the content does not come, and other paths lead nowhere."""
        self.paths: List[str] = []
        """The path of each GET so far."""
        self.stalls = ""
        """The path at which the server sends half of what it has, and then no more until it ends."""
        self.over = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the server's content as its script says."""

    def do_HEAD(self):  # noqa: N802 - the name is http.server's
        if not self._refuse():
            self.send_response(200)
            self.send_header("Content-Length", str(len(self._content())))
            self.end_headers()

    def do_GET(self):  # noqa: N802
        script = self.server.script
        asked = self.headers.get("Range")
        script.asked.append(asked)
        script.paths.append(self.path)
        if self._refuse():
            return
        content = self._content()
        start = int(re.match(r"bytes=(\d+)-", asked).group(1)) if asked and script.resumes else 0
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.path == script.stalls:
            self.wfile.write(content[:len(content) // 2])
            script.over.wait()
            return
        stop = script.breaks.pop(0) if script.breaks else len(content)
        self.wfile.write(content[start:max(start, stop)])

    def _content(self):
        script = self.server.script
        return script.files[self.path] if script.files else script.content

    def _refuse(self):
        script = self.server.script
        code = script.codes.pop(0) if script.codes else 404 if script.files and self.path not in script.files else 0
        if code:
            self.send_error(code)
        return bool(code)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serve(content: bytes) -> Iterator[Script]:
    """A running server of that content, by its script."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script = Script(content)
    server.script.root = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.script
    finally:
        server.script.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
