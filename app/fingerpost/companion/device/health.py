"""How the device is: the doctor's checks, its log, how long each stage takes, and what was said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from aiohttp import web

from ...core.errors import FingerpostError
from ...upkeep.diary import find_diary
from ..errands import in_thread, run_errand
from ..parts import Parts, fail, parts_of
from .controls import preferences_now
from .diaries import delete_diary, read_days

CHECK_SECONDS = 120.0
"""So long the checks may take."""


class Doctor:
    """`fingerpost doctor`, one at a time: whoever asks meanwhile gets the same answer."""

    def __init__(self, settings: Optional[Path]) -> None:
        """`settings` is the file that the device goes by."""
        self._words = ["doctor", "--json"] + (["--settings", str(settings)] if settings else [])
        self._round: Optional[asyncio.Future[Dict[str, Any]]] = None

    async def check(self) -> Dict[str, Any]:
        """{"ok": bool, "checks": [{"name", "state", "text", "remedy"}]}. Raises FingerpostError."""
        if self._round is None or self._round.done():
            self._round = asyncio.ensure_future(_go_round(self._words))
        return await asyncio.shield(self._round)

    async def stop(self, app: web.Application) -> None:
        """End it, if it is at it."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)


DOCTOR: web.AppKey[Doctor] = web.AppKey("doctor", Doctor)


def add_routes(app: web.Application, parts: Parts) -> None:
    """The health of the device at /api/health, and its diary."""
    app[DOCTOR] = Doctor(parts.settings_path)
    app.on_cleanup.append(app[DOCTOR].stop)
    app.router.add_get("/api/health/checks", show_checks)
    app.router.add_get("/api/health/logs", show_logs)
    app.router.add_get("/api/health/timings", show_timings)
    app.router.add_get("/api/diary", show_diary)
    app.router.add_delete("/api/diary", clear_diary)


async def show_checks(request: web.Request) -> web.StreamResponse:
    """Is this machine ready, and what is to be done if not?"""
    return web.json_response(await request.app[DOCTOR].check())


async def show_logs(request: web.Request) -> web.StreamResponse:
    """The device's log from the record after ?after=N on."""
    after = request.query.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise fail(400, "Say after which record, as in ?after=0.")
    news = await parts_of(request).link.ask("logs", after=int(after))
    return web.json_response({"records": news["records"]})


async def show_timings(request: web.Request) -> web.StreamResponse:
    """The frame rate, and how long each stage takes."""
    news = await parts_of(request).link.ask("timings")
    return web.json_response({key: news[key] for key in ("frames_per_second", "stages")})


async def show_diary(request: web.Request) -> web.StreamResponse:
    """What was said today and yesterday, and whether it is written down."""
    days = await in_thread(read_days, find_diary())
    preferences = await preferences_now(parts_of(request))
    return web.json_response({"on": preferences.diary, "days": days})


async def clear_diary(request: web.Request) -> web.StreamResponse:
    """Delete what was said."""
    await in_thread(delete_diary, find_diary())
    return web.json_response({"days": []})


async def _go_round(words: Sequence[str]) -> Dict[str, Any]:
    try:
        errand = await run_errand(words, CHECK_SECONDS)
    except asyncio.TimeoutError:
        raise FingerpostError(f"the checks took longer than {CHECK_SECONDS:.0f} s: run `fingerpost doctor` on the "
                              "device, and see where it stops") from None
    try:
        found: Dict[str, Any] = json.loads(errand.output)
    except ValueError:
        raise FingerpostError(errand.complaint or "the checks could not be made: run `fingerpost doctor` on the device"
                              ) from None
    return found
