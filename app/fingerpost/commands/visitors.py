"""Who comes to the companion page in the bench: its server, one who looks on, attackers; each a process of its own."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Set, Tuple

from ..core.errors import DataError

_INVITATION = re.compile(r"Open http://([\d.]+:\d+) and enter the code (\d{3}) (\d{3})\.")
_START_SECONDS = 20.0


@contextmanager
def companion(folder: Path, cores: Set[int]) -> Iterator[Tuple[str, str]]:
    """A companion's server on these cores that looks at the window of that folder; its address and its first code."""
    command = [sys.executable, "-m", "fingerpost", "companion", "--port", "0"]
    child = subprocess.Popen(command, env={**os.environ, "FINGERPOST_STATE": str(folder)}, stdout=subprocess.PIPE,
                             text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    assert child.stdout is not None
    timer = threading.Timer(_START_SECONDS, child.kill)
    timer.start()
    try:
        found = next((match for match in map(_INVITATION.match, child.stdout) if match), None)
        timer.cancel()
        if found is None:
            raise DataError("the companion page does not start: run `fingerpost companion`, which says why")
        threading.Thread(target=child.stdout.read, daemon=True).start()  # or it would wait to be read
        yield found[1], found[2] + found[3]
    finally:
        timer.cancel()
        child.terminate()
        child.wait()


def pair(address: str, code: str) -> str:
    """The cookie of a session that is entered with that code."""
    connection = http.client.HTTPConnection(address, timeout=10.0)
    connection.request("POST", "/api/pair", json.dumps({"code": code}),
                       {"Content-Type": "application/json", "Origin": f"http://{address}"})
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    if not cookie:
        raise DataError(f"the companion page lets nobody in ({answer.status}): run `fingerpost companion`, and try it")
    return cookie


class Visitor:
    """A process of its own that does its work on these cores, until it goes."""

    def __init__(self, work: Callable[..., None], arguments: Tuple[str, ...], cores: Set[int]) -> None:
        """`work` takes the arguments, and a counter in which it notes what it was given."""
        context = multiprocessing.get_context("spawn")
        self._served = context.Value("i", 0)
        self._process = context.Process(target=_visit, args=(work, (*arguments, self._served), cores), daemon=True)
        self._process.start()

    @property
    def served(self) -> int:
        """How many pictures it has seen, or answers it was given."""
        return int(self._served.value)

    def go(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def _visit(work: Callable[..., None], arguments: Tuple[Any, ...], cores: Set[int]) -> None:
    os.sched_setaffinity(0, cores)
    work(*arguments)


def look_on(address: str, cookie: str, served: Any) -> None:
    """Take in the live view as fast as it comes, as one browser does."""
    import asyncio

    import aiohttp

    async def look() -> None:
        headers = {"Cookie": cookie, "Origin": f"http://{address}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            view = await session.ws_connect(f"http://{address}/live")
            async for message in view:
                if message.type == aiohttp.WSMsgType.BINARY:
                    served.value += 1
                    await view.send_str("next")
    asyncio.run(look())


def attack(address: str, served: Any) -> None:
    """Whatever one can do without a code, from four threads, as fast as it goes."""
    bodies = [json.dumps({"code": "000000"}).encode(), b"{" * 60_000, b"\0" * 2_000_000]
    calls = [("GET", "/", b""), ("GET", "/api/objects", b""), ("GET", "/static/../../etc/passwd", b""),
             ("GET", "/live", b"")] + [("POST", "/api/pair", body) for body in bodies]

    def storm() -> None:
        while True:
            for method, path, body in calls:
                connection = http.client.HTTPConnection(address, timeout=5.0)
                try:
                    connection.request(method, path, body, {"Content-Type": "application/json"})
                    connection.getresponse().read()
                except (OSError, http.client.HTTPException):
                    pass  # cut off, which is an answer too
                finally:
                    connection.close()
                with served.get_lock():
                    served.value += 1
    for _ in range(3):
        threading.Thread(target=storm, daemon=True).start()
    storm()
