"""What was taught: looked at, renamed, forgotten, also picture by picture, brought back, taught from uploads."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np
from aiohttp import web

from ...core.errors import WindowError
from ...memory.objects import TaughtObject
from ..device.gallery import encode_jpeg
from ..errands import in_thread
from ..parts import Parts, fail, parts_of, read_json
from ..safety.uploads import read_upload
from .shelf import SHELF, PageStore, Shelf
from .teaching import teach

_THUMBNAIL_SIDE, _QUALITY = 320, 85


def add_routes(app: web.Application, parts: Parts) -> None:
    """Taught things at /api/objects."""
    app[SHELF] = Shelf(parts.store_path)
    app.on_cleanup.append(close_shelf)
    app.router.add_get("/api/objects", list_things)
    app.router.add_get("/api/objects/{id}/samples", list_samples)
    app.router.add_get(r"/api/objects/{id}/{sample:\d+}.jpg", show_sample)
    app.router.add_delete(r"/api/objects/{id}/{sample:\d+}", drop_sample)
    app.router.add_post("/api/objects/{id}/rename", rename_thing)
    app.router.add_delete("/api/objects/{id}", forget_thing)
    app.router.add_post("/api/objects/undo", undo_change)
    app.router.add_post("/api/objects/upload", upload_thing)


async def close_shelf(app: web.Application) -> None:
    """The server ends."""
    await app[SHELF].close()


async def list_things(request: web.Request) -> web.StreamResponse:
    """All things, oldest first; how many samples wait for a name; and whether there is something to undo."""
    return web.json_response(await request.app[SHELF].ask(summarise))


async def list_samples(request: web.Request) -> web.StreamResponse:
    """The numbers of a thing's samples, oldest first."""
    object_id = request.match_info["id"]

    def look(store: PageStore) -> Optional[list]:
        return store.samples_of(object_id) if store.find(object_id=object_id) else None

    samples = await request.app[SHELF].ask(look)
    if samples is None:
        raise _gone()
    return web.json_response(samples)


async def show_sample(request: web.Request) -> web.StreamResponse:
    """The picture of one sample."""
    object_id, sample = request.match_info["id"], int(request.match_info["sample"][:15])

    def look(store: PageStore) -> Optional[np.ndarray]:
        return store.crop(sample) if sample in store.samples_of(object_id) else None

    pixels = await request.app[SHELF].ask(look)
    if pixels is None:
        raise _gone("picture")
    return web.Response(body=await in_thread(encode_jpeg, pixels, _THUMBNAIL_SIDE, _QUALITY), content_type="image/jpeg")


async def drop_sample(request: web.Request) -> web.StreamResponse:
    """Delete one picture of a thing that has others; undo brings it back."""
    object_id, sample = request.match_info["id"], int(request.match_info["sample"][:15])

    def drop(store: PageStore) -> Optional[TaughtObject]:
        return store.drop_sample(sample) if sample in store.samples_of(object_id) else None

    thing = await request.app[SHELF].ask(drop)
    if thing is None:
        raise _gone("picture")
    have_reread(request)
    return web.json_response(describe(thing))


async def rename_thing(request: web.Request) -> web.StreamResponse:
    """Give a thing another name."""
    object_id, name = request.match_info["id"], (await read_json(request, {"name": str}))["name"].strip()

    def rename(store: PageStore) -> Optional[TaughtObject]:
        thing = store.find(object_id=object_id)
        if thing is not None and thing.name != name:
            store.rename(thing.name, name)
        return store.find(object_id=object_id)

    thing = await request.app[SHELF].ask(rename)
    if thing is None:
        raise _gone()
    have_reread(request)
    return web.json_response(describe(thing))


async def forget_thing(request: web.Request) -> web.StreamResponse:
    """Forget a thing with its samples; undo brings it back."""
    object_id = request.match_info["id"]

    def forget(store: PageStore) -> Optional[TaughtObject]:
        thing = store.find(object_id=object_id)
        if thing is not None:
            store.forget(thing.name)
        return thing

    thing = await request.app[SHELF].ask(forget)
    if thing is None:
        raise _gone()
    have_reread(request)
    return web.json_response({"forgotten": thing.name})


async def undo_change(request: web.Request) -> web.StreamResponse:
    """Undo the last change to what was taught, whoever made it; says which, null for none."""
    undone = await request.app[SHELF].ask(lambda store: store.undo())
    if undone is not None:
        have_reread(request)
    return web.json_response({"undone": undone})


async def upload_thing(request: web.Request) -> web.StreamResponse:
    """Teach a thing from pictures that are uploaded under a name."""
    upload = await read_upload(request)
    thing = await teach(request, upload.name, upload.pictures)
    return web.json_response(describe(thing))


def have_reread(request: web.Request) -> None:
    """Have the device look at the store again, if there is one."""
    try:
        parts_of(request).link.send("reread")
    except WindowError:
        pass  # it reads the store when it starts


def summarise(store: PageStore) -> Dict[str, Any]:
    """What there is in the store."""
    return {"objects": [describe(thing) for thing in store.objects()], "waiting": store.waiting(),
            "undo": store.can_undo()}


def describe(thing: TaughtObject) -> Dict[str, Any]:
    """One thing, as the page is told of it."""
    return {"id": thing.object_id, "name": thing.name, "samples": thing.samples, "voice": thing.has_voice}


def _gone(what: str = "thing") -> Exception:
    return fail(404, f"There is no such {what} any more: load the list again.")
