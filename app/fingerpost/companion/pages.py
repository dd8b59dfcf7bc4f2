"""The pages themselves: files that ship in assets/companion/, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from aiohttp import web

from ..home import asset_home
from .parts import fail

PAGES = {"/": "live.html", "/fingertips": "fingertips.html", "/objects": "objects.html", "/train": "train.html",
         "/compress": "compress.html", "/settings": "settings.html", "/health": "health.html", "/pair": "pair.html"}
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
         ".js": "text/javascript; charset=utf-8", ".png": "image/png", ".wav": "audio/wav"}
STATIC = "/static/"
_OPEN_FILES = ("base.css", "icon.svg", "pair.js")
OPEN_PATHS = ("/pair", "/api/pair", *(STATIC + name for name in _OPEN_FILES))
"""What those see who have not paired yet: the page for the code, and what it is made of."""

_FILES: web.AppKey[Dict[str, Path]] = web.AppKey("files", dict)


def add_routes(app: web.Application) -> None:
    """Serve the pages, and below /static/ the files that they are made of; which ones is settled here and now."""
    folder = asset_home() / "assets" / "companion"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    app[_FILES] = {path.name: path for path in files if path.suffix in TYPES and path.is_file()}
    for address in PAGES:
        app.router.add_get(address, show_page)
    app.router.add_get(STATIC + "{name}", show_static)


async def show_page(request: web.Request) -> web.StreamResponse:
    """GET of a page."""
    return _show(request, PAGES[request.path])


async def show_static(request: web.Request) -> web.StreamResponse:
    """GET /static/NAME."""
    return _show(request, request.match_info["name"])


def _show(request: web.Request, name: str) -> web.StreamResponse:
    path = request.app[_FILES].get(name)
    if path is None:
        raise fail(404, "There is no such file here: look at the address.")
    return web.FileResponse(path, headers={"Content-Type": TYPES[path.suffix]})
