"""Who may call: what is checked of every request before any handler sees it, and what every answer bears."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from http.cookies import CookieError
from typing import Any, Callable, Collection, Dict, Optional

from aiohttp import web
from aiohttp.typedefs import Handler

from ...core.errors import FingerpostError, WindowError
from ..parts import Refused, fail
from .doors import find_visitor
from .limits import Limit
from .sessions import Session, Sessions

log = logging.getLogger(__name__)

TOKEN_HEADER = "X-Fingerpost-Token"
SAFE = ("GET", "HEAD")
LIVE = "/live"
MOST_LIVE = 4
"""Live views at a time."""
STRANGER_BURST, STRANGER_RATE = 60, 5.0
"""Requests without a session, by one address: at once, and a second."""
SESSION_BURST, SESSION_RATE = 400, 40.0
"""The same with one; a page of thumbnails is some hundred requests."""
STRANGER_SECONDS, SESSION_SECONDS = 10.0, 300.0
"""How long one request may take, its body and its answer included."""
PERMISSIONS = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone",
               "midi", "payment", "serial", "usb")
HEADERS = {
    "Server": "fingerpost",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in PERMISSIONS),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = ("default-src 'self'; img-src 'self' blob:; connect-src 'self'{live}; object-src 'none'; base-uri 'none'; "
          "form-action 'self'; frame-ancestors 'none'")
# Newer versions of aiohttp want keys of a kind of its own in requests, which older ones have not.
SESSION_KEY: Any = getattr(web, "RequestKey", web.AppKey)("session", Session)
"""Under which a request bears its session."""


class Guard:
    """Checks every request, in this order: way, site, pace, session, token."""

    def __init__(self, sessions: Sessions, hosts: Callable[[bool], Collection[str]], now: Callable[[], float],
                 open_paths: Collection[str]) -> None:
        """`hosts` tells which Host headers are ours, over the network or not; `open_paths` need no session."""
        self._sessions, self._hosts, self._open_paths = sessions, hosts, open_paths
        self._strangers = Limit(STRANGER_BURST, STRANGER_RATE, now)
        self._paired = Limit(SESSION_BURST, SESSION_RATE, now)
        self._live = 0

    def watch(self, app: web.Application) -> None:
        """Stand before all of the application's handlers."""
        app.middlewares.extend([self.answer, self.admit])
        app.on_response_prepare.append(self.seal)

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whatever goes wrong is one line with its remedy, in JSON."""
        try:
            return await handler(request)
        except Refused as refused:
            return refuse(refused.status, refused.text, dict(refused.headers))
        except web.HTTPRedirection:
            raise
        except web.HTTPException as error:
            return refuse(error.status, _WORDS.get(error.status, f"{error.reason}: look at the address."),
                          {name: error.headers[name] for name in ("Allow",) if name in error.headers})
        except WindowError as error:
            return refuse(503, str(error))
        except FingerpostError as error:
            return refuse(409, str(error))
        except web.RequestPayloadError:
            return refuse(400, "What was sent is not what it says it is: load the page again.")
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            log.exception("the companion failed at %s %s", request.method, request.rel_url.raw_path[:200])
            return refuse(500, "Something went wrong in the companion: what it printed says more.")

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let those in who may come in."""
        visitor = find_visitor(request)
        if visitor is not None:
            visitor.begin(STRANGER_SECONDS)
        try:
            self._check_site(request)
            session = self._find_session(request)
            self._check_pace(request, session)
            if session is None:
                self._turn_away(request)
                return await handler(request)
            if request.method not in SAFE and request.path not in self._open_paths:
                _check_token(request, session)
            request[SESSION_KEY] = session
            if visitor is not None:
                visitor.trust(SESSION_SECONDS)
            if request.path == LIVE:
                return await self._show_live(request, handler, session)
            return await handler(request)
        finally:
            if visitor is not None:
                visitor.end(0 if request.content.is_eof() else request.content_length or 1)

    async def seal(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on an answer what keeps browsers from doing what it is not for."""
        response.headers.update(HEADERS)
        host = request.headers.get("Host", "")
        # Some browsers do not count a websocket of the same host as 'self'.
        live = f" {'wss' if request.secure else 'ws'}://{host}" if host in self._hosts(request.secure) else ""
        response.headers["Content-Security-Policy"] = POLICY.format(live=live)
        response.headers["Cache-Control"] = "no-cache" if request.path.startswith("/static/") else "no-store"

    def _check_site(self, request: web.Request) -> None:
        """Refuse what a foreign site had the browser send, and foreign names of this machine (DNS rebinding)."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts(request.secure):
            raise fail(403, "This is not the address of the companion: open the address that was printed or spoken.")
        site = request.headers.get("Sec-Fetch-Site", "")
        if request.method not in SAFE or request.path == LIVE:
            origin = f"{'https' if request.secure else 'http'}://{hosts[0]}"
            if request.headers.getall("Origin", []) != [origin] or site not in ("", "same-origin"):
                raise fail(403, "Another site asked for that: do it on the companion's own page.")
        elif site not in ("", "same-origin", "none") and not _is_followed(request):
            raise fail(403, "Another site asked for that: open the companion's own page.")

    def _find_session(self, request: web.Request) -> Optional[Session]:
        try:
            secret = request.cookies.get(cookie_name(request), "")
        except CookieError:
            return None
        return self._sessions.find(secret, request.secure) if secret else None

    def _check_pace(self, request: web.Request, session: Optional[Session]) -> None:
        seconds = self._paired.take(session) if session else self._strangers.take(request.remote)
        if seconds:
            raise fail(429, "That was too much at once: wait a little.", Retry_After=str(seconds))

    def _turn_away(self, request: web.Request) -> None:
        """Refuse who has no session, but for what helps to get one."""
        if request.path in self._open_paths:
            return
        if request.method in SAFE and not request.path.startswith(("/api/", "/static/", LIVE)):
            raise web.HTTPSeeOther("/pair")
        raise fail(401, "Enter the code first, on the page /pair.")

    async def _show_live(self, request: web.Request, handler: Handler, session: Session) -> web.StreamResponse:
        """A live view: it may last, there are not many, and it ends with its session."""
        visitor = find_visitor(request)
        if self._live >= MOST_LIVE:
            raise fail(503, f"{MOST_LIVE} browsers watch already: close one of them.")
        self._live += 1
        if visitor is not None:
            visitor.begin(float("inf"))
            session.views.append(visitor.close)
        try:
            return await handler(request)
        finally:
            self._live -= 1
            if visitor is not None:
                session.views.remove(visitor.close)


def _is_followed(request: web.Request) -> bool:
    """Whether somebody followed a link to one of the pages, which takes the place of the other site then. What that
    embeds or fetches, without being seen, would use up the pace of those who want to pair."""
    kind = request.headers.get("Sec-Fetch-Mode", ""), request.headers.get("Sec-Fetch-Dest", "document")
    return kind == ("navigate", "document") and not request.path.startswith("/api/")


def _check_token(request: web.Request, session: Session) -> None:
    token = request.headers.get(TOKEN_HEADER, "")
    if not secrets.compare_digest(token.encode("utf-8", "surrogateescape"), session.token.encode()):
        raise fail(403, f"The header {TOKEN_HEADER} is not that of this session: load the page again.")


def cookie_name(request: web.Request) -> str:
    """The name of the session's cookie. Browsers keep cookies of all ports together: hence the port in it."""
    port = request.headers.get("Host", "").rpartition(":")[2]
    return "__Host-fingerpost" if request.secure else f"fingerpost-{port if port.isdigit() else 'page'}"


def refuse(status: int, text: str, headers: Optional[Dict[str, str]] = None) -> web.Response:
    """An answer that is none."""
    return web.json_response({"error": text}, status=status, headers=headers)


def expiry(seconds_left: float) -> int:
    """When that is, in Unix seconds."""
    return int(time.time() + seconds_left)


_WORDS = {404: "There is no such thing here: look at the address.", 405: "That cannot be done here.",
          413: "That is too long: send less at once."}
