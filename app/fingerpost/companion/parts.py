"""What every page of the companion is given, and the few things that all handlers do alike.

A module of the companion gives `add_routes(app, parts)`, which registers handlers `async def name(request)`; they find
the parts by `parts_of(request)`. What a module keeps for itself it makes in `add_routes` and puts into `app` under a
`web.AppKey` of its own; what has to be ended is ended in `app.on_cleanup`. Who may call at all is the guard's business
(guard.py), before any handler.
"""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Tuple, Type, Union

from aiohttp import web

from ..settings import Settings

if TYPE_CHECKING:
    from ..window.client import Link

JSON_BYTES = 64 * 1024
"""The longest JSON that a handler takes."""
TEXT_LENGTH = 200
"""The longest text in it, in characters."""
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of what is no part of a text: control characters, halves of pairs, line and paragraph breaks."""

Kinds = Union[Type[Any], Tuple[Type[Any], ...]]


@dataclass(frozen=True)
class Parts:
    """What the pages work on."""

    link: Link
    """The running device, if there is one."""
    store_path: Path
    """What the wearer has taught (memory/objects.py)."""
    folder: Path
    """The companion's own folder: fingertips, jobs, certificate. It exists."""
    settings: Settings
    settings_path: Optional[Path] = None
    """The file that they were read from; None for the defaults."""


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


class Refused(Exception):
    """An answer that is none; the guard turns it into {"error": text} with this status and these headers."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


def fail(status: int, text: str, **headers: str) -> Refused:
    """What a handler raises to refuse: `raise fail(404, "There is no thing 'mug': look at the list again.")`.

    `text` is one line with its remedy. Headers are written as Retry_After="60".
    """
    return Refused(status, text, {name.replace("_", "-"): value for name, value in headers.items()})


def parts_of(request: web.Request) -> Parts:
    """The parts of the application that serves this request."""
    return request.app[PARTS]


async def read_json(request: web.Request, fields: Mapping[str, Kinds]) -> Dict[str, Any]:
    """The JSON object that was sent: exactly the fields asked for, each of its kind or one of its kinds.

    `fields` is like {"name": str, "x": (float, type(None))}; a field that may be None may be left out, and is then
    None. A whole number is a float too; true and false are neither. Texts are not longer than TEXT_LENGTH and hold no
    control characters. Raises Refused (400, 413 or 415).
    """
    if request.content_type != "application/json":
        raise fail(415, "Send JSON, with the header Content-Type: application/json.")
    if (request.content_length or 0) > JSON_BYTES:
        raise fail(413, f"That is too long: send at most {JSON_BYTES // 1024} KiB.")
    body = _parse(await read_body(request, JSON_BYTES))
    unknown = sorted(set(body) - set(fields))
    if unknown:
        raise fail(400, f"There is no field {_show(unknown[0])}: send {', '.join(fields) or 'an empty object'}.")
    return {name: _check(name, body.get(name), kinds if isinstance(kinds, tuple) else (kinds,))
            for name, kinds in fields.items()}


async def read_body(request: web.Request, limit: int) -> bytes:
    """What was sent, if it is not longer than `limit` bytes. Raises Refused (413)."""
    parts, total = [], 0
    async for part in request.content.iter_any():
        total += len(part)
        if total > limit:
            raise fail(413, f"That is too long: send at most {limit // 1024} KiB.")
        parts.append(part)
    return b"".join(parts)


def check_text(name: str, text: str) -> str:
    """The text of a field, if it is one line of reasonable length. Raises Refused (400)."""
    if len(text) > TEXT_LENGTH or any(unicodedata.category(letter) in _CONTROL for letter in text):
        raise fail(400, f"The field {name} must be one line of at most {TEXT_LENGTH} letters.")
    return text


def _parse(body: bytes) -> Dict[str, Any]:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    try:
        found = json.loads(body.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise fail(400, "That is no JSON: send an object such as {\"name\": \"my mug\"}.") from error
    if not isinstance(found, dict):
        raise fail(400, "Send a JSON object such as {\"name\": \"my mug\"}.")
    return found


def _check(name: str, value: Any, kinds: Tuple[Type[Any], ...]) -> Any:
    """The value, if it is of one of these kinds."""
    if isinstance(value, int) and not isinstance(value, bool) and float in kinds and int not in kinds:
        value = _as_float(name, value)
    if type(value) not in kinds or (isinstance(value, float) and not math.isfinite(value)):
        raise fail(400, f"The field {name} is missing." if value is None else f"The field {name} cannot be that: "
                   f"send {' or '.join(_WORDS[kind] for kind in kinds)}.")
    return check_text(name, value) if isinstance(value, str) else value


def _as_float(name: str, value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise fail(400, f"The field {name} is too large: send a smaller number.") from error


def _show(text: str) -> str:
    return json.dumps(text[:40])


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null",
          dict: "an object", list: "a list"}
