"""Labelling fingertips: a click on a picture of the live view becomes a frame to learn pointing from."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from aiohttp import web

from ..device.gallery import GALLERY
from ..errands import in_thread
from ..parts import Parts, fail, read_json
from .labels import Label, Labels

FOLDER = "fingertips"
"""In the companion's folder."""
NEWEST = 50
"""So many are listed."""
LABELS: web.AppKey[Labels] = web.AppKey("labels", Labels)


def add_routes(app: web.Application, parts: Parts) -> None:
    """Labels at /api/fingertips."""
    app[LABELS] = Labels(parts.folder / FOLDER)
    app.router.add_get("/api/fingertips", list_labels)
    app.router.add_post("/api/fingertips", save_label)
    app.router.add_get(r"/api/fingertips/{id:\d+}.jpg", show_picture)
    app.router.add_delete(r"/api/fingertips/{id:\d+}", delete_label)


async def list_labels(request: web.Request) -> web.StreamResponse:
    """How many there are, with a hand and without, and the newest, newest first."""
    return web.json_response(await in_thread(summarise, request.app[LABELS]))


async def save_label(request: web.Request) -> web.StreamResponse:
    """Save the frame of that index with its fingertip, in pixels of its `size`; null for no hand."""
    sent = await read_json(request, {"index": int, "x": (float, type(None)), "y": (float, type(None))})
    pixels = request.app[GALLERY].find(sent["index"])
    if pixels is None:
        raise fail(410, "That picture is gone: label a newer one.")
    tip = check_tip(pixels, sent["x"], sent["y"])
    label_id, count = await in_thread(request.app[LABELS].add, pixels, tip)
    return web.json_response({"id": label_id, "count": count})


async def show_picture(request: web.Request) -> web.StreamResponse:
    """The picture of a label."""
    data = await in_thread(request.app[LABELS].picture, request.match_info["id"])
    if data is None:
        raise fail(404, "There is no such label any more: load the list again.")
    return web.Response(body=data, content_type="image/jpeg")


async def delete_label(request: web.Request) -> web.StreamResponse:
    """Delete a label with its picture."""
    left = await in_thread(request.app[LABELS].remove, request.match_info["id"])
    if left is None:
        raise fail(404, "There is no such label any more: load the list again.")
    return web.json_response({"count": left})


def check_tip(pixels: np.ndarray, x: Optional[float], y: Optional[float]) -> Optional[Tuple[float, float]]:
    """The fingertip, None for no hand. Raises Refused unless it lies in the frame."""
    if x is None and y is None:
        return None
    height, width = pixels.shape[:2]
    if x is None or y is None or not (0 <= x <= width and 0 <= y <= height):
        raise fail(400, f"Give x from 0 to {width} and y from 0 to {height}, or null for both where there is no hand.")
    return x, y


def summarise(labels: Labels) -> Dict[str, Any]:
    """What the list tells of the labels."""
    found = labels.all()
    hands = sum(label.has_hand for label in found)
    return {"count": len(found), "hands": hands, "empty": len(found) - hands,
            "last": _describe(labels, [label for label in found if label.id][:-NEWEST - 1:-1])}


def _describe(labels: Labels, found: List[Label]) -> List[Dict[str, Any]]:
    described = []
    for label in found:
        width, height = labels.size(label)
        described.append({"id": label.id, "x": label.x, "y": label.y, "width": width, "height": height, "at": label.at})
    return described
