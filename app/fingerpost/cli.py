"""The command line. Every command is a module with `add_arguments(parser)` and `main(args)`, loaded when it is named:
what runs on the glasses never loads what only a desktop needs."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import __version__
from .core.errors import FingerpostError
from .home import warn_beside_service


class Command(NamedTuple):
    """Where a command lives, what it does, and one example of its use."""

    module: str
    summary: str
    example: str
    function: str = ""
    """Suffix of `add_arguments` and `main` where one module holds several commands."""


COMMANDS: Dict[str, Command] = {
    "demo": Command("commands.demo", "play the bundled walk, without any hardware", "demo --out demo"),
    "run": Command("commands.run", "be the wearable: camera, buttons, voice", "run --camera 0"),
    "replay": Command("commands.replay", "what would have been said: over a video or a folder of frames",
                      "replay walk.mp4 --presses walk.jsonl --json"),
    "teach": Command("commands.teach", "teach a thing from pictures", "teach \"my mug\" mug1.jpg mug2.jpg"),
    "objects list": Command("commands.objects", "what has been taught", "objects list", "list"),
    "objects rename": Command("commands.objects", "give a taught thing another name",
                              "objects rename \"thing one\" \"my mug\"", "rename"),
    "objects forget": Command("commands.objects", "forget a taught thing", "objects forget \"my mug\"", "forget"),
    "objects undo": Command("commands.objects", "undo the last change to what has been taught", "objects undo", "undo"),
    "objects verify": Command("commands.objects", "find what a broken card spoiled, and set it aside",
                              "objects verify", "verify"),
    "objects export": Command("commands.objects", "everything that has been taught, as one file",
                              "objects export things.zip", "export"),
    "objects import": Command("commands.objects", "take in things that were taught on another device",
                              "objects import things.zip", "import"),
    "backup make": Command("commands.backup", "what was taught, preferences and calibrations, on a USB stick",
                           "backup make /media/stick", "make"),
    "backup restore": Command("commands.backup", "bring a back-up to this device", "backup restore /media/stick",
                              "restore"),
    "backup list": Command("commands.backup", "which back-ups there are, and whether they are whole",
                           "backup list /media/stick", "list"),
    "detect": Command("commands.detect", "find things on images or video: boxes, printed and drawn",
                      "detect shelf.jpg --out boxes --timing"),
    "train fingertip": Command("learning.pointing.train", "train the fingertip network",
                               "train fingertip --data hands.csv --init shipped --out out/fingertip"),
    "train objects": Command("learning.naming.train", "train the object network",
                             "train objects --data photos --out out/objects --scope head"),
    "train taught": Command("learning.naming.retrain", "train the object network anew, on what was taught too",
                            "train taught --data photos --scope last -- --minutes 20"),
    "train personal": Command("learning.pointing.personal", "how much your own few labelled frames would help",
                              "train personal --data own.csv --out out/personal"),
    "train detector": Command("learning.detection.train", "train a network that finds things and boxes them",
                              "train detector --data voc --out out/detector"),
    "calibrate objects": Command("learning.naming.calibrate", "how alike a taught thing must look to be named",
                                 "calibrate objects --data photos --unknown others"),
    "calibrate page": Command("commands.calibrate_page", "a page to print, for the next two",
                              "calibrate page fingertip --out page.svg"),
    "calibrate camera": Command("commands.calibrate_camera", "how the lens bends the picture, from a printed board",
                                "calibrate camera board.mp4"),
    "calibrate fingertip": Command("commands.calibrate_fingertip", "your own finger, put on a printed page",
                                   "calibrate fingertip"),
    "calibrate ranges": Command("learning.calibration", "what values a network computes, for computing in 8 bits",
                                "calibrate ranges objects --pictures photos"),
    "evaluate fingertip": Command("learning.evaluation.fingertip", "pixels between the found and labelled fingertip",
                                  "evaluate fingertip --data hands.csv --json"),
    "evaluate objects": Command("learning.evaluation.objects", "how often the name is right",
                                "evaluate objects --data photos --json"),
    "evaluate detector": Command("learning.evaluation.detector", "how well things are found and boxed",
                                 "evaluate detector --data voc --json"),
    "evaluate tracking": Command("learning.evaluation.motion", "how steady the followed tip is, and how far it trails",
                                 "evaluate tracking --data walk.mp4 --json"),
    "evaluate chain": Command("commands.chain", "how often the right name is spoken, from frame to word",
                              "evaluate chain --data chain.csv --json"),
    "export": Command("learning.export", "a trained network as packed ONNX", "export out/objects --out models"),
    "compress": Command("learning.compression.compress", "a whole network in about a bit a weight, and what that costs",
                        "compress objects --pictures grocery/train --check '--data grocery/val' --bound top1=0.05 "
                        "--out packed"),
    "compress study": Command("learning.compression.study", "what it costs that a layer's weights share few values",
                              "compress study out/fingertip --layer fc --clusters 2,16 --zero-smallest --out study"),
    "compress report": Command("learning.compression.report", "what each number format costs, nothing trained for it",
                               "compress report objects --check '--data grocery/val' --out report"),
    "compress plain": Command("learning.compression.plain", "the same of torchvision's ResNet-18, on named photos",
                              "compress plain resnet18.pth --labels labels.csv --out plain"),
    "data synthesize": Command("learning.rendering.frames", "render pointing hands with exact labels",
                               "data synthesize --count 1000 --out rendered"),
    "data compose": Command("learning.rendering.chain", "hands pointing at things, for `evaluate chain`",
                            "data compose --things photos --strangers others --out chain"),
    "data scenes": Command("learning.rendering.scenes", "render household things, boxed, for `train detector`",
                           "data scenes --count 1000 --out scenes"),
    "data walk": Command("learning.rendering.walk", "render a bundled walk anew",
                         "data walk --out assets/walks/teaching"),
    "data open-images": Command("learning.boxes.openimages", "pictures of any of 600 things, boxed, from the network",
                                "data open-images --classes \"Vehicle registration plate\" --out plates"),
    "data import": Command("learning.boxes.intake", "bring in pictures with boxes: Pascal VOC, Open Images, COCO",
                           "data import mine --format coco --out boxes --split 0.2"),
    "data check": Command("learning.boxes.check", "what is wrong with pictures and their boxes", "data check boxes"),
    "engine build": Command("commands.engine", "compile networks for the GPU of this machine", "engine build objects",
                            "build"),
    "engine list": Command("commands.engine", "which compiled networks there are", "engine list", "list"),
    "models list": Command("commands.models", "which models there are", "models list", "list"),
    "models info": Command("commands.models", "what a model is: size, data, licence, figures", "models info", "info"),
    "models info --compare": Command("learning.comparison", "what MobileNet-V1 costs beside GoogLeNet and VGG-16",
                                     "models info --compare"),
    "models verify": Command("commands.models", "check the models against their checksums", "models verify", "verify"),
    "models fetch": Command("commands.models", "download a model that is missing or damaged", "models fetch objects",
                            "fetch"),
    "models fetch imagenet": Command("learning.imagenet", "a thousand more names, from torchvision's weights",
                                     "models fetch imagenet"),
    "models fetch coco": Command("learning.coco", "a detector of 80 everyday things, from torchvision's weights",
                                 "models fetch coco"),
    "models rollback": Command("commands.models", "return to the model that was live before",
                               "models rollback objects", "rollback"),
    "models unpack": Command("commands.models", "write a model as plain ONNX, for other runtimes",
                             "models unpack objects --out objects.onnx", "unpack"),
    "voices fill": Command("commands.voices", "render everything that can be said", "voices fill", "fill"),
    "buttons test": Command("commands.buttons", "which button is pressed, and for how long", "buttons test", "test"),
    "sound test": Command("commands.sound", "each sound card says which one it is", "sound test", "test"),
    "companion": Command("commands.companion", "a page for your helper, in any browser", "companion --port 8137"),
    "doctor": Command("commands.doctor", "is this machine ready, and what is to be done if not", "doctor --speak"),
    "install": Command("commands.install", "start at boot, as a service of this machine", "install --dry-run",
                       "install"),
    "uninstall": Command("commands.install", "take the service off this machine again", "uninstall --dry-run",
                         "uninstall"),
    "update key": Command("commands.update", "make the pair of keys that updates are signed with",
                          "update key --out my-keys", "key"),
    "update build": Command("commands.update", "write a signed update for other devices, from a checkout",
                            "update build --key my-keys/fingerpost-update.key --out fingerpost-update-0.2.0.zip",
                            "build"),
    "update verify": Command("commands.update", "check an update's signature and files",
                             "update verify fingerpost-update-0.2.0.zip", "verify"),
    "update install": Command("commands.update", "take in an update: it runs from the next start on",
                              "update install /media/stick", "install"),
    "update list": Command("commands.update", "which versions are here, and which one runs", "update list", "list"),
    "update rollback": Command("commands.update", "return to the version before", "update rollback", "rollback"),
    "update trust": Command("commands.update", "let a key sign updates for this device",
                            "update trust fingerpost-update.pub", "trust"),
    "selftest": Command("commands.selftest", "whether this version works here: what an update must pass", "selftest"),
    "bench": Command("commands.bench", "how fast this machine is at it", "bench --json"),
}

KEEPING = ("run", "teach", "objects", "backup make", "backup restore", "calibrate camera", "calibrate fingertip",
           "engine", "models fetch", "models rollback", "voices", "companion", "update install", "update rollback",
           "update trust")
"""How those begin that use or change what is kept of this wearer and machine."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; returns its exit code. Errors of the tree are printed as one line."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    name, rest = find_command(words)
    try:
        return run_command(name, rest) if name else _show_help(words)
    except FingerpostError as error:
        print(f"fingerpost: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"fingerpost: {name} needs the package '{error.name}'; install it with: "
              f"pip install 'fingerpost[{_extra_for(name)}]'", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read along has gone; leave Python nothing to flush into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def run_command(name: str, rest: Sequence[str]) -> int:
    """Load the command's module, parse its arguments, run it."""
    command = COMMANDS[name]
    module = importlib.import_module("." + command.module, __package__)
    suffix = "_" + command.function if command.function else ""
    parser = argparse.ArgumentParser(f"fingerpost {name}", epilog=f"example: fingerpost {command.example}",
                                     description=command.summary[0].upper() + command.summary[1:] + ".")
    getattr(module, "add_arguments" + suffix)(parser)
    args = parser.parse_args(rest)
    if name.startswith(KEEPING):
        warn_beside_service(name)
    return int(getattr(module, "main" + suffix)(args) or 0)


def find_command(words: List[str]) -> Tuple[str, List[str]]:
    """The command that the words begin with (one to three) and the words after it; empty if there is none."""
    for count in (3, 2, 1):
        name = " ".join(words[:count])
        if len(words) >= count and name in COMMANDS:
            return name, words[count:]
    return "", words


def _show_help(words: List[str]) -> int:
    if words in (["--version"], ["-V"]):
        print(f"fingerpost {__version__}")
        return 0
    asked = not words or words[0] in ("-h", "--help")
    group = [name for name in COMMANDS if words and name.split()[0] == words[0]]
    if not asked and not group:
        print(f"fingerpost: there is no command '{words[0]}'; `fingerpost --help` lists them", file=sys.stderr)
        return 2
    print("Fingerpost names, by voice and offline, the thing that a finger points at.\n")
    for name in group or COMMANDS:
        print(f"  fingerpost {name:<20} {COMMANDS[name].summary}")
    print("\n`fingerpost COMMAND --help` tells more. Example: fingerpost demo --out demo")
    return 0 if asked or words[1:] in (["-h"], ["--help"]) else 2


def _extra_for(name: str) -> str:
    return {"voices fill": "online", "companion": "companion"}.get(name, "train")
