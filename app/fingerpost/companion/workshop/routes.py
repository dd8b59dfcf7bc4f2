"""Training, measuring and compressing, as the page asks for it and hears of it."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from aiohttp import web

from ...core.errors import DataError, FingerpostError
from ..errands import in_thread
from ..parts import Kinds, Parts, fail, read_json
from .figures import LINES, find_network, list_pictures, read_curve, read_lines, read_results
from .jobs import Jobs
from .kinds import OUT, Ground, Kind
from .models import is_live, let_go_live
from .options import Option, choose
from .record import DONE, Job
from .studies import Evaluate, Report, Study
from .trainings import Detector, Fingertip, Objects

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (Fingertip(), Objects(), Detector(), Evaluate(), Study(),
                                                          Report())}
FIELDS: Mapping[str, Kinds] = {"kind": str, **{name: (of, type(None)) for name, of in (
    ("epochs", int), ("scope", str), ("model", str), ("source", str), ("layer", str), ("clusters", list),
    ("formats", list), ("zero_smallest", bool))}}
"""What a job may be told, in JSON; all but its kind may be left out."""
JOBS: web.AppKey[Jobs] = web.AppKey("jobs", Jobs)
GROUND: web.AppKey[Ground] = web.AppKey("ground", Ground)


def add_routes(app: web.Application, parts: Parts) -> None:
    """Jobs at /api/jobs. The one that runs when the server ends is ended with it."""
    app[GROUND] = Ground(parts.folder, parts.store_path, parts.settings.teaching)
    app[JOBS] = Jobs(app[GROUND])
    app.on_cleanup.append(close_jobs)
    app.router.add_get("/api/jobs", list_jobs)
    app.router.add_post("/api/jobs", start_job)
    app.router.add_get("/api/jobs/{id}", show_job)
    app.router.add_delete("/api/jobs/{id}", delete_job)
    app.router.add_post("/api/jobs/{id}/cancel", cancel_job)
    app.router.add_post("/api/jobs/{id}/go-live", go_live)
    app.router.add_get("/api/jobs/{id}/pictures/{name}", show_picture)


async def close_jobs(app: web.Application) -> None:
    """The server ends."""
    await app[JOBS].close()


async def list_jobs(request: web.Request) -> web.StreamResponse:
    """What can be done here, what is being done, and what was done last, newest first."""
    jobs = request.app[JOBS]
    kinds = await in_thread(describe_kinds, request.app[GROUND])
    last = await in_thread(lambda shown: [summarise(jobs, job) for job in shown], jobs.all())
    return web.json_response({"kinds": kinds, "running": jobs.running.id if jobs.running else None, "last": last})


async def start_job(request: web.Request) -> web.StreamResponse:
    """Begin a job of that kind, with those of its options that are not to be as usual."""
    ground = request.app[GROUND]
    sent = await read_json(request, FIELDS)
    kind = KINDS.get(sent.pop("kind"))
    if kind is None:
        raise fail(400, f"There is no such kind of job: choose one of {', '.join(KINDS)}.")
    chosen = await in_thread(check, kind, ground, sent)
    jobs = request.app[JOBS]
    return web.json_response(await in_thread(summarise, jobs, jobs.start(kind, chosen)))


async def show_job(request: web.Request) -> web.StreamResponse:
    """Everything about one."""
    jobs = request.app[JOBS]
    return web.json_response(await in_thread(describe, jobs, find_job(request)))


async def cancel_job(request: web.Request) -> web.StreamResponse:
    """End it, with all that it has started; answers once it has ended."""
    jobs, job = request.app[JOBS], find_job(request)
    if job is not jobs.running:
        raise fail(409, "This has ended already: load the page again.")
    await jobs.cancel()
    return web.json_response(await in_thread(summarise, jobs, job))


async def delete_job(request: web.Request) -> web.StreamResponse:
    """Forget it, with all that it has left, but what is live."""
    await request.app[JOBS].remove(find_job(request))
    return web.json_response({})


async def go_live(request: web.Request) -> web.StreamResponse:
    """Let the network that it has left go live."""
    jobs, job = request.app[JOBS], find_job(request)
    if job.state != DONE:
        raise fail(409, "This job has not come to its end: start it again.")
    await in_thread(let_go_live, jobs.folder_of(job))
    return web.json_response(await in_thread(describe, jobs, job))


async def show_picture(request: web.Request) -> web.StreamResponse:
    """One of the pictures that it has left."""
    folder, name = request.app[JOBS].folder_of(find_job(request)), request.match_info["name"]
    if name not in await in_thread(list_pictures, folder):
        raise fail(404, "There is no such picture any more: load the page again.")
    return web.FileResponse(folder / OUT / name)


def find_job(request: web.Request) -> Job:
    """The job that a request is about. Raises Refused."""
    job = request.app[JOBS].find(request.match_info["id"])
    if job is None:
        raise fail(404, "There is no such job any more: load the list again.")
    return job


def describe_kinds(ground: Ground) -> Dict[str, Any]:
    """Each kind with what it can be told or, where this machine cannot do it, with the reason and the remedy."""
    kinds = {}
    for name, kind in KINDS.items():
        why_not, options = find_options(kind, ground)
        kinds[name] = {"about": kind.about, "ready": not why_not, "why_not": why_not,
                       "options": [option.describe() for option in options]}
    return kinds


def find_options(kind: Kind, ground: Ground) -> Tuple[str, Tuple[Option, ...]]:
    """Why that cannot be done here, empty where it can, and what it can be told then."""
    try:
        why_not = kind.why_not(ground)
        return why_not, () if why_not else kind.options(ground)
    except FingerpostError as error:  # files that people have spoilt
        return str(error), ()


def check(kind: Kind, ground: Ground, sent: Mapping[str, Any]) -> Dict[str, Any]:
    """A value for every option of that kind. Raises Refused."""
    why_not, options = find_options(kind, ground)
    if why_not:
        raise fail(409, f"This cannot be done: {why_not}.")
    try:
        return choose(options, {name: value for name, value in sent.items() if value is not None})
    except DataError as error:
        raise fail(400, f"{error}.") from error


def summarise(jobs: Jobs, job: Job) -> Dict[str, Any]:
    """A job as the list shows it."""
    return {"id": job.id, "kind": job.kind, "options": job.options, "state": job.state, "began": job.began,
            "ended": job.ended, "step": job.step, "reason": job.reason, "notes": job.notes,
            "network": describe_network(jobs, job)}


def describe_network(jobs: Jobs, job: Job) -> Dict[str, Any]:
    """The network that a job has left: its name, its size, and whether it is live; all empty where there is none."""
    try:
        network = find_network(jobs.folder_of(job)) if job.state == DONE else None
    except FingerpostError:
        network = None  # it is broken
    if network is None:
        return {"name": "", "bytes": 0, "live": False}
    return {"name": network.name, "bytes": network.bytes, "live": is_live(network)}


def describe(jobs: Jobs, job: Job) -> Dict[str, Any]:
    """A job with all that it has said and left."""
    folder, summary = jobs.folder_of(job), summarise(jobs, job)
    lines, network = read_lines(folder), summary["network"]
    results = read_results(folder)
    return {**summary, "lines": lines[-LINES:], "curve": read_curve(lines),
            **{name: results.get(name, {}) for name in ("before", "after", "figures", "table")},
            "pictures": list_pictures(folder), "can_go_live": bool(network["name"]) and not network["live"]}
