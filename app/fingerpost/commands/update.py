"""`fingerpost update ...`: making updates, and taking them in. On the glasses the menu does that, from a USB stick."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import __version__
from ..core.errors import UpdateError
from ..home import asset_home
from ..launcher import read_record, releases_home
from ..upkeep.releases.store import find_held, install, list_releases, roll_back

NEXT_START = "From the next start on"


def add_arguments_key(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update key`."""
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the two halves are written")


def main_key(args: argparse.Namespace) -> int:
    """Make the pair of keys that updates are signed with, and trusted by."""
    from ..upkeep.releases.keys import make_keys

    private, public = make_keys(args.out)
    print(f"{private}: signs updates. Keep it off every device, and a copy of it in a safe place: who has it decides "
          "what runs there.")
    print(f"{public}: lets a device trust them. Put it into assets/keys/ before you install, or run "
          "`fingerpost update trust` on the device.")
    return 0


def add_arguments_build(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update build`."""
    parser.add_argument("--key", type=Path, required=True, metavar="PRIVATE", help="the private key that signs it")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE",
                        help="the update, as in fingerpost-update-0.2.0.zip; the menu looks for names like that")
    parser.add_argument("--checkout", type=Path, metavar="DIR", help="the version to bring (default: this one)")


def main_build(args: argparse.Namespace) -> int:
    """Write an update from a checkout."""
    from ..upkeep.releases.file import build_update

    manifest = build_update(args.checkout or asset_home(), args.key, args.out)
    print(f"{args.out}: version {manifest.version}, {len(manifest.files)} files, "
          f"{args.out.stat().st_size / 1e6:.1f} MB, for Python {manifest.python} and later")
    return 0


def add_arguments_verify(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update verify`."""
    parser.add_argument("file", type=Path, help="the update")


def main_verify(args: argparse.Namespace) -> int:
    """Check an update's signature and all its files; nothing is taken in."""
    from ..upkeep.releases.file import UpdateFile

    with UpdateFile(args.file) as update:
        update.verify()
        print(f"{args.file}: version {update.manifest.version}, whole, signed by {update.signer}")
    return 0


def add_arguments_install(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update install`."""
    parser.add_argument("place", type=Path, help="the update, or a folder such as a stick: then the newest one there")


def main_install(args: argparse.Namespace) -> int:
    """Take in an update, as the menu does."""
    from ..upkeep.releases.file import find_update

    update = find_update(args.place)
    if update is None:
        raise UpdateError(f"there is no update in {args.place}: its name is like fingerpost-update-0.2.0.zip")
    version = install(update, lambda line: print(line, flush=True))
    print(f"{NEXT_START} version {version} runs. If it does not work, that is undone by itself.")
    return 0


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update list`: none."""


def main_list(args: argparse.Namespace) -> int:
    """Print the versions that are here, and which of them runs."""
    folder = releases_home()
    record, held = read_record(folder), find_held(folder)
    uses = {record.previous: "the one before", record.failed: "did not work", record.version: "not usable",
            held: "on trial" if record.trial and held == record.version else "runs"}
    print(f"{__version__:<12} installed{', runs' if held == __version__ else ''}")
    for version in list_releases(folder):
        if version != __version__:
            print(f"{version:<12} {uses.get(version, 'no longer used')}")
    return 0


def add_arguments_rollback(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update rollback`: none."""


def main_rollback(args: argparse.Namespace) -> int:
    """Return to the version before."""
    print(f"{NEXT_START} version {roll_back()} runs.")
    return 0


def add_arguments_trust(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost update trust`."""
    parser.add_argument("file", type=Path, metavar="PUB", help="the public half of a key")


def main_trust(args: argparse.Namespace) -> int:
    """Let updates that are signed with a key run on this device."""
    from ..upkeep.releases.keys import trust

    kept = trust(args.file)
    print(f"Trusted from now on: {kept}. Remove that file to trust the key no more.")
    return 0
