"""Jobs: commands in processes of their own, however they end, and what is known of them afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from fingerpost.companion import space
from fingerpost.companion.workshop import worker as worker_module
from fingerpost.companion.workshop.figures import read_lines, read_results
from fingerpost.companion.workshop.jobs import KEPT, Jobs
from fingerpost.companion.workshop.kinds import Ground, Kind, Plan, make_step
from fingerpost.companion.workshop.record import CANCELLED, DONE, FAILED, RUNNING
from fingerpost.core.errors import DataError
from fingerpost.settings import TeachingSettings
from tests.disk import little_room

SLEEP = "import time; print('ready', flush=True); time.sleep(100)"
PARENT = ("import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)']); "
          "print('ready', child.pid, flush=True); child.wait()")
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


class Script(Kind):
    """Runs Python scripts, one after the other."""

    name, about, package = "script", "", "os"

    def __init__(self, *scripts, result="", may_fail=False):
        self.steps = [make_step(f"step {number}", "-c", script, result=result if not number else "",
                                may_fail=may_fail and not number) for number, script in enumerate(scripts)]

    def find_obstacle(self, ground):
        return ""

    def options(self, ground):
        return ()

    def plan(self, ground, chosen, folder):
        return Plan(self.steps, {"caution": "none"})


@pytest.fixture(autouse=True)
def _room_enough(monkeypatch):
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 10_000.0)


def open_jobs(folder):
    return Jobs(Ground(folder, folder / "objects.sqlite", TeachingSettings()), [sys.executable])


def play(story, folder):
    """Let a story, a coroutine function of jobs, come to its end."""
    async def run():
        jobs = open_jobs(folder)
        try:
            return await asyncio.wait_for(story(jobs), 60)
        finally:
            await jobs.close()

    return asyncio.run(run())


async def finish(jobs, job):
    while jobs.running is job:
        await asyncio.sleep(0.01)
    return job


async def say_ready(jobs, job):
    """Until its command has said something; the words."""
    while not read_lines(jobs.folder_of(job)):
        assert jobs.running is job, job.reason
        await asyncio.sleep(0.01)
    return read_lines(jobs.folder_of(job))[0].split()


def run_all(folder, *kinds):
    """Start one after the other; the jobs as they ended."""
    async def story(jobs):
        return [await finish(jobs, jobs.start(kind, {"epochs": 3})) for kind in kinds]

    return play(story, folder)


def is_running(process):
    """Whether there is a process of that id which is more than an entry of a table."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(process):
    for _ in range(1000):
        if not is_running(process):
            return
        time.sleep(0.01)
    pytest.fail("it goes on")


def test_the_steps_follow_each_other_and_what_they_say_is_kept(tmp_path):
    (job,) = run_all(tmp_path, Script("print('{\"n\": 2}')", "print('epoch 1  loss 0.5')", result="before"))
    assert (job.state, job.reason, job.step, job.options) == (DONE, "", "", {"epochs": 3})
    assert job.began <= job.ended
    folder = tmp_path / "jobs" / job.id
    assert read_results(folder) == {"before": {"n": 2}}
    assert read_lines(folder) == ["epoch 1  loss 0.5"]
    (known,) = open_jobs(tmp_path).all()
    assert known == job
    assert known.notes == {"caution": "none"}


def test_a_command_is_held_back(tmp_path):
    (job,) = run_all(tmp_path, Script("import os, resource, tempfile; print(os.nice(0), resource.getrlimit("
                                      "resource.RLIMIT_DATA)[0] >> 20, os.getsid(0) == os.getpid(), "
                                      "tempfile.gettempdir(), open('/proc/self/oom_score_adj').read().strip())"))
    room = tmp_path / "jobs" / job.id / "tmp"
    assert read_lines(room.parent) == [f"19 {worker_module.find_memory_mb()} True {room} 1000"]
    assert not room.exists()


def test_a_step_that_fails_ends_the_job_with_what_it_said_last(tmp_path):
    fail = "import sys; print('fingerpost: no disk: buy one', file=sys.stderr); sys.exit(1)"
    (job,) = run_all(tmp_path, Script("print('well')", fail, "print('never')"))
    assert (job.state, job.reason) == (FAILED, "no disk: buy one")
    assert read_lines(tmp_path / "jobs" / job.id) == ["well", "fingerpost: no disk: buy one"]


def test_what_the_job_can_do_without_may_fail(tmp_path):
    fail = "import sys; sys.exit('fingerpost: other names: nothing to compare')"
    (job,) = run_all(tmp_path, Script(fail, "print('on')", result="before", may_fail=True))
    assert job.state == DONE
    assert job.notes["no_before"] == "other names: nothing to compare"
    assert read_results(tmp_path / "jobs" / job.id) == {}


@pytest.mark.parametrize("number", [9, 11])
def test_a_command_that_is_killed_has_failed(tmp_path, number):
    (job,) = run_all(tmp_path, Script(f"import os; os.kill(os.getpid(), {number})"))
    assert job.state == FAILED
    assert f"killed by signal {number}" in job.reason


def test_a_command_that_is_not_there_has_failed(tmp_path):
    async def story(jobs):
        jobs._command = ("/nowhere/python",)
        return await finish(jobs, jobs.start(Script("print()"), {}))

    assert play(story, tmp_path).state == FAILED


@pytest.mark.parametrize("script", [SLEEP, DEAF, PARENT])
def test_cancelling_ends_a_job_with_its_children(tmp_path, monkeypatch, script):
    monkeypatch.setattr(worker_module, "GRACE_SECONDS", 0.2)

    async def story(jobs):
        job = jobs.start(Script(script, "print('never')"), {})
        children = [int(word) for word in (await say_ready(jobs, job))[1:]]
        process = jobs._worker._process.pid
        await jobs.cancel()
        assert jobs.running is None
        return job, [process, *children]

    job, processes = play(story, tmp_path)
    assert (job.state, job.reason) == (CANCELLED, "")
    for process in processes:
        wait_for_end(process)


def test_what_a_command_leaves_running_ends_with_it(tmp_path):
    leave = ("import subprocess, sys; "
             "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)']).pid)")
    (job,) = run_all(tmp_path, Script(leave))
    assert job.state == DONE
    wait_for_end(int(read_lines(tmp_path / "jobs" / job.id)[0]))


def test_a_job_that_is_cancelled_before_it_has_begun_does_not_begin(tmp_path):
    async def story(jobs):
        job = jobs.start(Script("print('never')"), {})
        await jobs.cancel()
        return job

    job = play(story, tmp_path)
    assert job.state == CANCELLED
    assert read_lines(tmp_path / "jobs" / job.id) == []


def test_one_at_a_time(tmp_path):
    async def story(jobs):
        job = jobs.start(Script(SLEEP), {})
        with pytest.raises(DataError, match="wait until it has ended, or cancel it"):
            jobs.start(Script("print()"), {})
        with pytest.raises(DataError, match="cancel it first"):
            await jobs.remove(job)
        await jobs.cancel()
        assert (await finish(jobs, jobs.start(Script("print()"), {}))).state == DONE
        await jobs.remove(job)
        return jobs.all()

    (left,) = play(story, tmp_path)
    assert [path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()] == [left.id]


def test_two_companions_do_not_get_in_each_others_way(tmp_path):
    async def story(jobs):
        job = jobs.start(Script(SLEEP), {})
        await say_ready(jobs, job)
        other = open_jobs(tmp_path)
        assert other.all() == []
        late = await finish(other, other.start(Script("print()"), {}))
        assert late.state == FAILED
        assert "another companion page" in late.reason
        assert jobs.running is job
        await jobs.cancel()
        return job

    assert play(story, tmp_path).state == CANCELLED


def test_the_oldest_go(tmp_path):
    kept = run_all(tmp_path, *(Script("pass") for _ in range(KEPT + 2)))[2:]
    assert open_jobs(tmp_path).all() == kept[::-1]
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()) == sorted(
        job.id for job in kept)


def test_what_a_job_works_on_stays(tmp_path):
    first = run_all(tmp_path, *(Script("pass") for _ in range(KEPT)))[0]

    async def story(jobs):
        job = await finish(jobs, jobs.start(Script("pass"), {"source": first.id}))
        return job.state, jobs.find(first.id)

    assert play(story, tmp_path) == (DONE, first)


def test_a_job_that_the_companion_leaves_behind_was_interrupted(tmp_path):
    """It ends in order: what ran is ended, and says so."""
    async def story(jobs):
        job = jobs.start(Script(SLEEP), {})
        await say_ready(jobs, job)
        return job, jobs._worker._process.pid

    job, process = play(story, tmp_path)
    wait_for_end(process)
    assert (job.state, job.reason.partition(":")[0]) == (FAILED, "interrupted")
    assert open_jobs(tmp_path).all() == [job]


def test_a_companion_that_is_killed_takes_its_job_with_it(tmp_path):
    process = os.fork()
    if not process:
        async def story(jobs):
            await say_ready(jobs, jobs.start(Script(SLEEP), {}))
            (tmp_path / "child").write_text(str(jobs._worker._process.pid))
            os.kill(os.getpid(), 9)

        try:
            play(story, tmp_path)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == 9
    wait_for_end(int((tmp_path / "child").read_text()))
    (job,) = open_jobs(tmp_path).all()
    assert (job.state, job.reason.partition(":")[0]) == (FAILED, "interrupted")
    assert not (tmp_path / "jobs" / job.id / "tmp").exists()
    assert run_all(tmp_path, Script("pass"))[0].state == DONE
    assert open_jobs(tmp_path).all()[1] == job


def test_what_is_no_record_is_passed_over(tmp_path):
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"id": "c"}')):
        (tmp_path / "jobs" / name).mkdir(parents=True)
        (tmp_path / "jobs" / name / "job.json").write_text(text)
    assert open_jobs(tmp_path).all() == []


def test_checkpoints_and_copies_go_and_pictures_stay(tmp_path):
    """Only a job that has come to its end leaves a network."""
    write = ("import os; os.makedirs('{0}/out/trials/fp32'); os.makedirs('{0}/model'); os.makedirs('{0}/frames'); "
             "[open('{0}/out/' + name, 'w').close() for name in ('fingertip.pt', 'curves.png')]; print('ready')")

    class Writer(Script):
        def plan(self, ground, chosen, folder):
            step = make_step("write", "-c", write.format(folder))
            return Plan([step, *self.steps], {})

    for kind, left in ((Writer("pass"), ["model", "out"]), (Writer("raise SystemExit(1)"), ["out"])):
        (job,) = run_all(tmp_path / left[0], kind)
        folder = tmp_path / left[0] / "jobs" / job.id
        assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == left
        assert [path.name for path in (folder / "out").iterdir()] == ["curves.png"]


def test_a_disk_that_is_nearly_full_is_not_begun_on(tmp_path, monkeypatch):
    monkeypatch.setattr(space, "measure_free_mb", lambda folder: 100.0)
    (job,) = run_all(tmp_path, Script("print('never')"))
    assert job.state == FAILED
    assert "less than 500 MB are free" in job.reason


def test_a_disk_that_fills_up_meanwhile_fails_the_job_in_words(tmp_path):
    """The command cannot write, and neither can the companion."""
    async def story(jobs):
        job = jobs.start(Script(SLEEP, "print('a line')"), {})
        await say_ready(jobs, job)
        space.measure_free_mb = lambda folder: 0.0
        with little_room(0):
            os.kill(jobs._worker._process.pid, 15)
            return await finish(jobs, job)

    job = play(story, tmp_path)
    assert job.state == FAILED
    assert job.reason.startswith("the disk is full")
    (known,) = open_jobs(tmp_path).all()
    assert known.state == FAILED
    assert known.reason.startswith("interrupted")  # what could not be written down is not known any more


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with little_room(0):
        (job,) = run_all(tmp_path, Script("print('never')"))
    assert job.state == FAILED
    assert "cannot be written" in job.reason
    assert open_jobs(tmp_path).all() == []


def test_a_mistake_of_ours_does_not_block_the_next_job(tmp_path, caplog):
    class Broken(Script):
        def plan(self, ground, chosen, folder):
            raise ZeroDivisionError

    broken, good = run_all(tmp_path, Broken(), Script("pass"))
    assert (broken.state, good.state) == (FAILED, DONE)
    assert "fingerpost companion" in broken.reason, "that is where it is printed"
    assert "ZeroDivisionError" in caplog.text
    assert RUNNING not in [job.state for job in open_jobs(tmp_path).all()]
