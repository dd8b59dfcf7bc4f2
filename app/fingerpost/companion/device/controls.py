"""Settings: how the device speaks, and its two buttons pressed from afar."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Dict

from aiohttp import web

from ...core.errors import DataError, PreferenceError, WindowError
from ...core.preferences import LIMITS, Preferences, change
from ...core.types import ACTION, BOTH, LONG, MODE, SHORT
from ...home import state_home
from ...sounding import list_languages
from ...upkeep.preferences import keep_preferences, load_preferences
from ...window.client import Link, Listener
from ..errands import in_thread
from ..parts import Parts, fail, parts_of, read_json

BUTTONS, PRESSES = (MODE, ACTION, BOTH), (SHORT, LONG)
_ANSWER_SECONDS = 5.0


def add_routes(app: web.Application, parts: Parts) -> None:
    """What is preferred at /api/settings, and the buttons at /api/press."""
    app.router.add_get("/api/settings", show_settings)
    app.router.add_post("/api/settings", change_setting)
    app.router.add_post("/api/press", press)


async def show_settings(request: web.Request) -> web.StreamResponse:
    """What is preferred, and what may be chosen."""
    parts = parts_of(request)
    return web.json_response(describe(parts.link, await preferences_now(parts)))


async def change_setting(request: web.Request) -> web.StreamResponse:
    """Prefer something else; a device says it at once, in the new way."""
    parts, sent = parts_of(request), await read_json(request, {"name": str, "value": (str, int, bool)})
    before = await preferences_now(parts)
    try:
        after = change(before, sent["name"], sent["value"], list_languages())
    except PreferenceError as error:
        raise fail(400, f"{error}.") from error
    if after != before and parts.link.device:
        await _have_device_prefer(parts.link, sent["name"], sent["value"])
    elif after != before:
        await in_thread(_keep, parts, before, after)
    return web.json_response(describe(parts.link, after))


async def press(request: web.Request) -> web.StreamResponse:
    """Press a button of the device."""
    sent = await read_json(request, {"button": str, "press": str})
    if sent["button"] not in BUTTONS or sent["press"] not in PRESSES:
        raise fail(400, f"Press {', '.join(BUTTONS)}, and either {' or '.join(PRESSES)}.")
    parts_of(request).link.send("press", button=sent["button"], press=sent["press"])
    return web.json_response({"pressed": sent["button"]})


async def preferences_now(parts: Parts) -> Preferences:
    """What is preferred: the device knows it or, without one, the state folder."""
    state = parts.link.state
    if state is not None:
        return Preferences(**state["preferences"])
    return await in_thread(load_preferences, parts.settings.speech, state_home())


def describe(link: Link, preferences: Preferences) -> Dict[str, Any]:
    """What the page shows of the settings; `mode` is null without a device."""
    return {"device": link.device, "mode": link.state["mode"] if link.state else None,
            "preferences": asdict(preferences), "languages": list(list_languages()),
            "limits": {name: list(limits) for name, limits in LIMITS.items()},
            "buttons": list(BUTTONS), "presses": list(PRESSES)}


async def _have_device_prefer(link: Link, name: str, value: object) -> None:
    with link.listen() as listener:
        link.send("prefer", name=name, value=value)
        try:
            await asyncio.wait_for(_wait_until_preferred(listener, name, value), _ANSWER_SECONDS)
        except asyncio.TimeoutError:
            raise WindowError("the device has not answered: look whether it still speaks, and try again") from None


async def _wait_until_preferred(listener: Listener, name: str, value: object) -> None:
    while True:
        news = await listener.get()
        if news["kind"] == "state" and news["preferences"][name] == value:
            return


def _keep(parts: Parts, before: Preferences, after: Preferences) -> None:
    """Put it down for the next start of the device."""
    keep_preferences(before, after, state_home())
    if load_preferences(parts.settings.speech, state_home()) != after:
        raise DataError(f"{state_home()} cannot be written to: make room on the card, or check its permissions")
