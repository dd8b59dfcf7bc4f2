"""A companion page's server that runs in this process, and those who come to it: well-behaved ones, and others."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from fingerpost.companion.parts import Parts
from fingerpost.companion.server import Companion
from fingerpost.core.errors import WindowError
from fingerpost.settings import Settings
from fingerpost.window.client import Link

ADDRESS = "192.168.55.1"
"""Where this machine is in its network, as far as the companion knows."""
PATIENCE_SECONDS = 20.0


class Clock:
    """Stands still until it is set forward."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class FakeLink(Link):
    """A device that takes everything in and says what it is told to."""

    def __init__(self, device: bool = True) -> None:
        super().__init__(Path("nowhere"))
        self._there = device
        self.sent: List[Dict[str, Any]] = []

    @property
    def device(self) -> bool:
        return self._there

    async def connect(self) -> None:
        await asyncio.Event().wait()

    def send(self, kind: str, payload: bytes = b"", **fields: Any) -> None:
        if not self._there:
            raise WindowError("the device is not running: start it with `fingerpost run`")
        self.sent.append({"kind": kind, **fields})

    def told(self, kind: str) -> List[Dict[str, Any]]:
        """All that was sent of one kind."""
        return [message for message in self.sent if message["kind"] == kind]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A companion that runs."""

    def __init__(self, folder: Path, device: bool) -> None:
        self.link, self.clock, self.said = FakeLink(device), Clock(), []
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.companion: Companion

    async def serve(self, ready: threading.Event) -> None:
        self.stop = asyncio.Event()
        parts = Parts(self.link, self.folder / "objects.sqlite", self.folder, Settings())
        self.companion = Companion(parts, 0, 0, self.said.append, self.clock, lambda: [ADDRESS])
        task = asyncio.ensure_future(self.companion.run(self.stop))
        while not self.said and not task.done():
            await asyncio.sleep(0.01)
        ready.set()
        await task

    @property
    def port(self) -> int:
        return int(self.companion.address.rpartition(":")[2])

    @property
    def code(self) -> str:
        """The code that was printed last."""
        return self.said[-1].rpartition("code ")[2].rstrip(".").replace(" ", "")

    def hear(self, **news: Any) -> None:
        """Have the device say something."""
        self.loop.call_soon_threadsafe(self.link._spread, news)

    def open_network(self) -> Visitor:
        """Have the wearer open the door; who comes in there, not yet paired."""
        before = len(self.link.told("opened"))
        self.hear(kind="door", open=True)
        wait_for(lambda: len(self.link.told("opened")) > before)
        return Visitor(int(self.link.told("opened")[-1]["address"].rpartition(":")[2]), secure=True)

    def await_code(self) -> None:
        """Let time pass until there is a new code on the screen, and nothing is held against anybody."""
        def is_there() -> bool:
            self.clock.at += 100.0
            return self.companion.entrance.pairings[False].code == self.code

        self.clock.at += 1000.0  # the last code has expired
        wait_for(is_there)

    def serves(self, visitor: Visitor) -> bool:
        """Whether it still does its work."""
        self.clock.at += 100.0
        return visitor.ask("GET", "/api/session").status == 200

    def visitor(self, paired: bool = True) -> Visitor:
        """A browser on the device's own computer."""
        visitor = Visitor(self.port)
        if paired:
            visitor.pair(self.code)
        return visitor


class Visitor:
    """A browser, as far as requests go."""

    def __init__(self, port: int, secure: bool = False) -> None:
        self.port, self.secure = port, secure
        self.host = f"{ADDRESS if secure else '127.0.0.1'}:{port}"
        self.origin = f"{'https' if secure else 'http'}://{self.host}"
        self.cookie = self.token = ""

    def pair(self, code: str) -> Answer:
        """Enter a code."""
        answer = self.ask("POST", "/api/pair", {"code": code})
        if answer.status == 200:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            self.token = self.ask("GET", "/api/session").json["token"]
        return answer

    def ask(self, method: str, path: str, body: Any = None, **headers: Optional[str]) -> Answer:
        """A request as the page would make it, but for the headers given (Like_This; None: without it)."""
        sent = {"Host": self.host, "Origin": self.origin if method not in ("GET", "HEAD") else None,
                "Cookie": self.cookie or None, "X-Fingerpost-Token": self.token or None,
                "Content-Type": None if body is None or isinstance(body, bytes) else "application/json"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self._connect()
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value.encode("latin-1"))
            if data is not None and not {"Content-Length", "Transfer-Encoding"} & set(sent):
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it answered before it had all
                connection.send(data or b"")
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def dial(self) -> socket.socket:
        """A connection on which nothing was said yet; over the network, TLS is agreed upon."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        return _trusting().wrap_socket(raw) if self.secure else raw

    def shout(self, data: bytes) -> bytes:
        """Send bytes as they are; all that comes back until the other side hangs up."""
        with self.dial() as line:
            with contextlib.suppress(OSError):
                line.sendall(data)
            return listen(line)

    def _connect(self) -> http.client.HTTPConnection:
        if self.secure:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS, context=_trusting())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)


def listen(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while True:
            data = line.recv(1 << 16)
            if not data:
                break
            found += data
    return found


def other_than(code: str) -> str:
    """A wrong code."""
    return f"{(int(code) + 1) % 10 ** 6:06d}"


def wait_for(is_so: Any) -> None:
    """Wait until something is so."""
    done = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if is_so():
            return
        done.wait(0.02)
    raise AssertionError("that did not happen")


@contextlib.contextmanager
def run_companion(folder: Path, device: bool = True) -> Iterator[Running]:
    """A companion in a thread of its own, until the block ends. Its state lies in the folder."""
    running, ready = Running(folder, device), threading.Event()

    def work() -> None:
        asyncio.set_event_loop(running.loop)
        running.loop.run_until_complete(running.serve(ready))
        running.loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(PATIENCE_SECONDS)
        yield running
    finally:
        running.loop.call_soon_threadsafe(running.stop.set)
        thread.join()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
