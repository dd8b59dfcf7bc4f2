"""Coming in and leaving: POST /api/pair, GET /api/session, POST /api/leave."""

from __future__ import annotations

from typing import Callable, Dict

from aiohttp import web

from ..parts import fail, parts_of, read_json
from .guard import SESSION_KEY, cookie_name, expiry
from .pairing import Pairing
from .sessions import LIFE_SECONDS, Sessions


class Entrance:
    """What browsers come in through. Each way has a code of its own: whoever tries codes over the network cannot void
    the one on the device's own screen."""

    def __init__(self, sessions: Sessions, now: Callable[[], float]) -> None:
        self.sessions = sessions
        self.pairings: Dict[bool, Pairing] = {False: Pairing(now), True: Pairing(now)}
        """By whether it is over the network."""
        self.on_paired: Callable[[bool], None] = lambda network: None
        """Called when a browser has come in."""

    def add_routes(self, app: web.Application) -> None:
        """Register the handlers."""
        app.router.add_post("/api/pair", self.pair)
        app.router.add_get("/api/session", self.show)
        app.router.add_post("/api/leave", self.leave)

    async def pair(self, request: web.Request) -> web.StreamResponse:
        """POST /api/pair {code}: a session for the right code."""
        code = (await read_json(request, {"code": str}))["code"].replace(" ", "")
        attempt = self.pairings[request.secure].attempt(code)
        if attempt.retry_seconds:
            raise fail(429, f"Too many codes were tried: wait {attempt.retry_seconds} seconds.",
                       Retry_After=str(attempt.retry_seconds))
        if not attempt.is_right:
            raise fail(403, _WRONG[request.secure])
        secret, _ = self.sessions.begin(request.secure)
        response = web.json_response({"paired": True})
        _set_cookie(request, response, secret, int(LIFE_SECONDS))
        self.on_paired(request.secure)
        return response

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /api/session: the token for unsafe requests, and what there is to know about this session."""
        session = request[SESSION_KEY]
        return web.json_response({"token": session.token, "network": session.network,
                                  "device": parts_of(request).link.device,
                                  "expires": expiry(self.sessions.seconds_left(session))})

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """POST /api/leave: end this session."""
        response = web.json_response({"left": True})
        _set_cookie(request, response, "", 0)
        self.sessions.end(request[SESSION_KEY])
        return response


def _set_cookie(request: web.Request, response: web.Response, secret: str, seconds: int) -> None:
    response.set_cookie(cookie_name(request), secret, max_age=seconds, path="/", httponly=True, samesite="Strict",
                        secure=request.secure)


_WRONG = {False: "That code is not good (any more): enter the one that `fingerpost companion` printed last.",
          True: "That code is not good (any more): have the wearer choose the companion page in the menu and listen."}
