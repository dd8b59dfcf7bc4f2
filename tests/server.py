"""A web server on this machine that misbehaves in the ways that servers do."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
from typing import Iterator, List, Optional


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


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the server's content as its script says."""

    def do_HEAD(self):  # noqa: N802 - the name is http.server's
        if not self._refuse():
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.script.content)))
            self.end_headers()

    def do_GET(self):  # noqa: N802
        script = self.server.script
        asked = self.headers.get("Range")
        script.asked.append(asked)
        if self._refuse():
            return
        start = int(re.match(r"bytes=(\d+)-", asked).group(1)) if asked and script.resumes else 0
        if start >= len(script.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(script.content) - 1}/{len(script.content)}")
        self.send_header("Content-Length", str(len(script.content) - start))
        self.end_headers()
        stop = script.breaks.pop(0) if script.breaks else len(script.content)
        self.wfile.write(script.content[start:max(start, stop)])

    def _refuse(self):
        codes = self.server.script.codes
        if codes:
            self.send_error(codes.pop(0))
            return True
        return False

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
        server.shutdown()
        server.server_close()
        thread.join()
