"""The networks on the page: what is live, what was live before, what may go live, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

from aiohttp import web

from ...core.errors import ModelError
from ...installed import InstalledModels
from ...models import ModelInfo, find_problem, read_entries
from ..errands import in_thread
from ..parts import Parts, fail
from .figures import find_network, read_results
from .kinds import MODEL


def add_routes(app: web.Application, parts: Parts) -> None:
    """Networks at /api/models."""
    app.router.add_get("/api/models", list_models)
    app.router.add_post("/api/models/{name}/rollback", return_to_last)


async def list_models(request: web.Request) -> web.StreamResponse:
    """All of them, with their generations, newest first."""
    return web.json_response(await in_thread(describe_models))


async def return_to_last(request: web.Request) -> web.StreamResponse:
    """Drop the newest generation of a network that was made or fetched here."""
    return web.json_response(await in_thread(roll_back, request.match_info["name"]))


def describe_models() -> List[Dict[str, Any]]:
    """Every network as the page shows it. Raises ModelError where it cannot be told what ships."""
    models = InstalledModels()
    return [describe_model(models.generations(name)) for name in models.names()]


def describe_model(generations: Sequence[ModelInfo]) -> Dict[str, Any]:
    """The newest whole generation, which is live, and all of them; none is live where none is whole."""
    live = next((info for info in generations if find_problem(info) is None), None)
    shown = live or generations[0]
    return {"name": shown.name, **describe_generation(shown, live), "can_roll_back": generations[0].installed,
            "generations": [describe_generation(info, live) for info in generations]}


def describe_generation(info: ModelInfo, live: object) -> Dict[str, Any]:
    """One file of a network."""
    return {"bytes": info.bytes, "sha256": info.sha256, "live": info is live, "installed": info.installed,
            "problem": find_problem(info) or "", "figures": dict(info.figures), "data": info.data}


def roll_back(name: str) -> Dict[str, Any]:
    """Return to what was live before; the network as it is then. Raises ModelError where nothing was, Refused."""
    models = InstalledModels()
    if name not in models.names():
        raise fail(404, "There is no such network here: load the list again.")
    models.rollback(name)
    return describe_model(models.generations(name)) if name in models.names() else {}


def is_live(network: ModelInfo) -> bool:
    """Whether that network, of a job, is the one that is live."""
    try:
        return InstalledModels().load(network.name).sha256 == network.sha256
    except ModelError:
        return False  # none is


def let_go_live(folder: Path) -> ModelInfo:
    """Let the network of a job's folder go live, with the figures that were measured of it. Raises ModelError."""
    network = find_network(folder)
    if network is None:
        raise ModelError("this job has no network that could go live: start one that trains")
    entry = read_entries(folder / MODEL / "manifest.json")[0]
    return InstalledModels().install(network.path, {**entry, "figures": read_results(folder).get("after", {})})
