"""`install` and `uninstall` in a root of their own: each tells what it did, twice is as good as once, nothing of others
is touched."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from fingerpost.cli import main
from fingerpost.commands import install
from fingerpost.core.errors import InstallError
from fingerpost.doctor.machine import Answer
from fingerpost.upkeep import changes

UNIT = "etc/systemd/system/fingerpost.service"
FILES = {UNIT, "etc/systemd/system/fingerpost-failed.service", "etc/systemd/system/fingerpost-companion.service",
         "etc/systemd/system/fingerpost-companion.path", "etc/systemd/journald.conf.d/fingerpost.conf",
         "etc/udev/rules.d/99-fingerpost.rules"}
SETTINGS = "var/lib/fingerpost/settings.toml"


@pytest.fixture
def run(tmp_path, capsys):
    """Runs a command on the root `tmp_path`; returns its exit code and what it printed, paths as seen from there."""

    def run(*words):
        code = main([*words, "--root", str(tmp_path)])
        printed = capsys.readouterr()
        return code, (printed.out + printed.err).replace(f"{tmp_path}/", "").splitlines()

    return run


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def told(lines, verb):
    return {line[len(verb):] for line in lines if line.startswith(verb)}


def test_a_dry_run_tells_all_and_does_nothing(run, tmp_path):
    code, lines = run("install", "--dry-run")
    assert code == 0
    assert told(lines, "would write ") == FILES | {SETTINGS}
    assert files_below(tmp_path) == set()


def test_it_installs_once_and_then_leaves_all_as_it_is(run, tmp_path):
    code, lines = run("install")
    assert code == 0
    assert told(lines, "done: write ") == FILES | {SETTINGS}
    assert files_below(tmp_path) == FILES | {SETTINGS}
    assert all((tmp_path / file).stat().st_mode & 0o444 == 0o444 for file in FILES)
    before = {file: (tmp_path / file).stat() for file in FILES}
    code, lines = run("install")
    assert code == 0
    assert told(lines, "unchanged: ") == FILES | {SETTINGS, "var/lib/fingerpost"}
    assert not told(lines, "done: ")
    assert before == {file: (tmp_path / file).stat() for file in FILES}


def test_users_and_services_of_another_root_are_left_out_and_that_is_told(run):
    _, lines = run("install")
    skipped = " ".join(told(lines, "skipped: "))
    for command in ("useradd --system", "groupadd --system --force gpio", "systemctl enable fingerpost.service",
                    "systemctl daemon-reload", "udevadm trigger", "chown --recursive fingerpost:fingerpost"):
        assert command in skipped
    assert "--groups video,audio,gpio" in skipped
    _, lines = run("uninstall")
    skipped = " ".join(told(lines, "skipped: "))
    assert "systemctl disable --now fingerpost.service" in skipped
    assert "userdel fingerpost" in skipped


def test_what_was_changed_by_hand_is_written_anew_but_never_the_settings(run, tmp_path):
    run("install")
    (tmp_path / UNIT).write_text((tmp_path / UNIT).read_text() + "# more\n")
    (tmp_path / SETTINGS).write_text('[speech]\nlanguage = "de"\n')
    _, lines = run("install")
    # The clip that is played in the end is that of the language.
    assert told(lines, "done: write ") == {UNIT, "etc/systemd/system/fingerpost-failed.service"}
    assert (tmp_path / SETTINGS).read_text() == '[speech]\nlanguage = "de"\n'


def test_it_takes_all_back_but_what_was_taught(run, tmp_path):
    run("install")
    (tmp_path / "var/lib/fingerpost/objects.sqlite").write_bytes(b"taught")
    code, lines = run("uninstall")
    assert code == 0
    assert told(lines, "done: remove ") == FILES
    assert files_below(tmp_path) == {SETTINGS, "var/lib/fingerpost/objects.sqlite"}
    assert any(line.startswith("kept: var/lib/fingerpost") for line in lines)
    code, lines = run("uninstall")
    assert code == 0
    assert told(lines, "absent: ") == FILES


def test_purge_removes_that_too(run, tmp_path):
    run("install")
    _, lines = run("uninstall", "--purge")
    assert "done: remove var/lib/fingerpost and all that is in it" in lines
    assert files_below(tmp_path) == set()
    assert "absent: var/lib/fingerpost" in run("uninstall", "--purge")[1]


def test_a_file_of_somebody_else_stops_it_before_anything_is_done(run, tmp_path):
    (tmp_path / UNIT).parent.mkdir(parents=True)
    (tmp_path / UNIT).write_text("[Service]\nExecStart=/usr/bin/true\n")
    code, lines = run("install")
    assert code == 1
    assert lines == [f"fingerpost: {UNIT} is not Fingerpost's: move it elsewhere"]
    assert files_below(tmp_path) == {UNIT}
    code, lines = run("uninstall")
    assert code == 0
    assert f"kept: {UNIT}, which is not Fingerpost's" in lines
    assert files_below(tmp_path) == {UNIT}


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_who_is_not_root_is_told_what_to_type(command, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main([command]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"-m fingerpost {command}`" in printed.err
    assert printed.err.count("\n") == 1


def test_a_root_that_is_not_there_is_no_place_to_install(run, tmp_path, capsys):
    assert main(["install", "--root", str(tmp_path / "card")]) == 1
    assert "make it" in capsys.readouterr().err


def test_a_folder_that_the_service_may_not_enter_is_named_with_the_remedy(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(InstallError, match="chmod o\\+x .*closed"):
        install.check_reach([tmp_path / "closed" / "python"])


def test_a_home_stays_hidden_unless_fingerpost_lies_there(monkeypatch):
    for folder, line in (("/opt/fingerpost", "ProtectHome=yes"), ("/home/me/fingerpost", "ProtectHome=read-only")):
        monkeypatch.setattr(install, "list_own_paths", lambda folder=folder: [install.Path(folder)])
        assert line in install.fill_in(install.Settings())["fingerpost.service"]


@pytest.mark.parametrize(("words", "end"), [
    (("--dry-run",), "Nothing was changed."),
    ((), "Fingerpost does not start there yet: boot that system and run `sudo fingerpost install` on it"),
])
def test_it_promises_no_start_where_it_has_enabled_none(run, words, end):
    _, lines = run("install", *words)
    assert lines[-1] == end


def test_on_the_machine_itself_it_tells_when_it_starts():
    assert install.choose_end(here=True, dry_run=False).startswith("Fingerpost starts at the next boot")
    assert install.choose_end(here=True, dry_run=True) == "Nothing was changed."


@pytest.mark.parametrize(("answer", "release"), [
    (Answer(0, "systemd 237\n+PAM +AUDIT +SELINUX\n"), 237),
    (Answer(0, "systemd 249 (249.11-0ubuntu3.12)\n+PAM\n"), 249), (Answer(0, "upstart"), 0), (None, 0)])
def test_the_release_of_systemd_is_asked_for(monkeypatch, answer, release):
    monkeypatch.setattr(install, "run_command", lambda words: answer)
    assert install.find_systemd() == release


@pytest.mark.parametrize(("release", "lines"), [(0, 0), (237, 0), (242, 0), (243, 1), (249, 1)])
@pytest.mark.parametrize("name", ["fingerpost.service", "fingerpost-companion.service"])
def test_a_systemd_that_knows_it_is_told_to_go_on_when_the_memory_runs_out(name, release, lines):
    unit = install.fill_in(install.Settings(), release)[name]
    service = unit.split("[Service]")[1].split("[Install]")[0]
    assert service.splitlines().count("OOMPolicy=continue") == lines


class Machine(changes.Changes):
    """The machine itself, of which nothing is changed."""

    def __init__(self):
        self.lines = []
        super().__init__(dry_run=True, tell=self.lines.append)


@pytest.mark.parametrize(("name", "groups", "added", "removed"), [
    (None, {}, "would run useradd", "absent: user fingerpost"),
    ("Fingerpost", {"video": 1, "audio": 1, "gpio": 1}, "unchanged: user fingerpost", "would run userdel fingerpost"),
    ("Fingerpost", {"video": 1, "audio": 0, "gpio": 0}, "would run usermod --append --groups audio,gpio fingerpost",
     "would run userdel fingerpost"),
    ("Pat Smith", {}, None, "kept: user fingerpost, who is somebody else"),
])
def test_the_user_is_made_once_and_only_that_one_is_removed(monkeypatch, name, groups, added, removed):
    monkeypatch.setattr(install, "find_user", lambda: None if name is None else SimpleNamespace(pw_gecos=name))
    monkeypatch.setattr(install, "find_group", lambda group: ["fingerpost"] if groups.get(group) else
                        [] if group in groups or group != "render" else None)
    machine = Machine()
    if added is None:
        with pytest.raises(InstallError, match="rename"):
            install.add_user(machine)
    else:
        install.add_user(machine)
        assert machine.lines[-1].startswith(added)
    machine = Machine()
    install.remove_user(machine)
    assert machine.lines == [removed]


def test_a_command_that_fails_is_named_with_its_reason(monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(InstallError, match=r"`ls /no/such/folder` failed \(.*No such file"):
        changes.Changes().run("ls", "/no/such/folder")
    with pytest.raises(InstallError, match="cannot run no-such-command"):
        changes.Changes().run("no-such-command")
