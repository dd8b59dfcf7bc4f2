"""`fingerpost compress`: the whole network with a twelfth or less of its bits a weight, measured before it may ship.

The network learns to do with few weights that are not zero (magnitude pruning) and with few values for these (k-means,
one codebook a layer), each layer as far as it can bear (sensitivity). What it was is its teacher, so --pictures need no
labels: give those that it was trained on. Then it is packed (see packed.py).
"""

from __future__ import annotations

import argparse
import copy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...core.errors import DataError, ModelError
from ...installed import InstalledModels
from ...models import ModelInfo
from ...packed import CodedWeight, read_packed
from .. import training
from ..datasets import read_names
from ..evaluation.common import NAMES, find_model
from ..export import fold_batch_norm
from ..nets import fill_folded
from ..norms import revive_norms
from ..shipped import read_weights
from .gate import enforce, judge, measure, parse_bound, report
from .pictures import Pictures, load_pictures
from .plan import Choice, make_plan
from .rebuild import rebuild
from .release import Trial, find_entry
from .shared import SharedWeight
from .tune import Budget, prune, settle, share

VIEWS = 96
"""On so many, sensitivity is measured, and the statistics of norms that were folded away."""
SETTLE_SHARE = 0.35
"""Of the minutes and steps, for the centres; the rest is for the pruning."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=NAMES, help="which network")
    parser.add_argument("--model", type=Path, help="a folder with manifest.json, as `export` writes it; default: what "
                        "ships")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, metavar="DIR",
                        help="what it was trained on, without labels; a folder that is named twice counts twice")
    parser.add_argument("--photos", type=Path, nargs="+", default=[], metavar="DIR",
                        help="more of them, of which every fifth by name is held back for evaluation")
    parser.add_argument("--skip", type=Path, metavar="FILE", help="text file of picture names to leave out")
    parser.add_argument("--out", type=Path, required=True, help="folder for the packed file and its manifest.json")
    parser.add_argument("--check", metavar="WORDS", help="what `evaluate NAME` is to be told, in quotes, such as "
                        "'--data grocery/val': the network is measured by it before and after")
    parser.add_argument("--bound", type=parse_bound, action="append", default=[], metavar="FIGURE=SHARE",
                        help="how much worse a figure may become, as a share: top1=0.05; may repeat")
    parser.add_argument("--install", action="store_true",
                        help="let it go live on this machine if no bound is broken; `models rollback` takes it back")
    parser.add_argument("--budget", type=float, default=1.5, metavar="MB", help="for all codes (default %(default)s)")
    parser.add_argument("--steps", type=int, default=4000, help="of learning (default %(default)s)")
    parser.add_argument("--minutes", type=float, help="learn for this time at most")
    parser.add_argument("--batch", type=int, default=32, help="views a step (default %(default)s)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--go-on", type=Path, metavar="PACKED.fpk", help="go on from what an earlier run left, such as "
                        "trial-NAME/NAME.fpk of one that was refused; --budget is then the earlier one")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn at random (default 0)")


def main(args: argparse.Namespace) -> int:
    """Press, pack, measure, and let the result out if it is good enough."""
    check_options(args)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    training.keep_freed_memory()
    info = choose_model(args)
    entry, trial = find_entry(info), Trial(args.out, info)
    before = measure(args.name, args.check, info.path) if args.check else {}
    judge(before, before, args.bound)  # a figure that is not measured shows now, not after the learning
    net = rebuild(info)
    pictures = Pictures(load_pictures(args.pictures, args.photos, read_names(args.skip)), info, args.batch, args.seed)
    net, shared, plan = press(net, pictures, args)
    coded = {name: weight.encode() for name, weight in shared.items()}
    entry = trial.write(net, coded, describe(plan, coded), {**entry, "figures": {}})
    print(f"{info.name}: {entry['bytes'] / 1e6:.2f} MB, {8 * entry['bytes'] / info.parameters:.2f} bits a weight")
    if args.check:
        entry["figures"] = measure(args.name, args.check, trial.folder)
        verdicts = judge(before, entry["figures"], args.bound)
        print(report(before, entry["figures"], verdicts))
        enforce(verdicts, trial.folder)
    released = trial.release(entry)
    if args.install:
        InstalledModels().install(released, entry)
    return 0


def check_options(args: argparse.Namespace) -> None:
    """Raises DataError for what makes no sense, before anything takes time."""
    if args.bound and not args.check:
        raise DataError("--bound needs something to be measured on: say what with --check")
    if args.install and not args.bound:
        raise DataError("what goes live must be good enough: say with --check and --bound how that is found out")
    numbers = [args.steps, args.batch, args.threads, args.budget, 1 if args.minutes is None else args.minutes]
    if not all(number > 0 for number in numbers) or args.seed < 0:
        raise DataError("--steps, --batch, --threads, --budget and --minutes must be above 0, --seed at least 0: give "
                        "larger numbers, or leave them out")


def choose_model(args: argparse.Namespace) -> ModelInfo:
    """The model to press: the given one, that which ships, or with --install that which is live on this machine."""
    if not args.install:
        return find_model(args.name, args.model)
    live = InstalledModels().load(args.name)
    if args.model and find_model(args.name, args.model).sha256 != live.sha256:
        raise ModelError(f"{args.model} is not the model that is live ({live.path}), so what comes of it cannot take "
                         "its place: leave out --model, or --install")
    return live


def press(net: nn.Module, pictures: Pictures,
          args: argparse.Namespace) -> tuple[nn.Module, dict[str, SharedWeight], dict[str, Choice]]:
    """The network with shared weights in their places, those weights by name, and the plan that they follow."""
    teacher = copy.deepcopy(net).eval()
    some = torch.cat([pictures.draw(step) for step in range(max(1, VIEWS // args.batch))])
    plan = make_plan(net, some, 1e6 * args.budget) if args.go_on is None else take_up(net, args.go_on)
    revive_norms(net.to(memory_format=torch.channels_last), some)
    stages = [Budget(part * args.minutes if args.minutes else None, max(1, round(part * args.steps)))
              for part in (1 - SETTLE_SHARE, SETTLE_SHARE)]
    prune(net, teacher, plan, partial(pictures.draw, stage=1), stages[0], is_pruned=args.go_on is not None)
    folded = fold_batch_norm(net)
    shared = share(folded, plan)
    settle(folded, shared, teacher, partial(pictures.draw, stage=2), stages[1])
    return folded, shared, plan


def take_up(net: nn.Module, path: Path) -> dict[str, Choice]:
    """Fill the network with the weights of a packed file that an earlier run left; returns the plan that this followed.

    Raises ModelError for a file of another network.
    """
    packed = read_packed(path)
    layers = packed.metadata.get("layers", {})
    if not layers or layers.keys() - dict(net.named_parameters()).keys():
        raise ModelError(f"{path} was not made of this network by `compress`: leave out --go-on")
    fill_folded(net, read_weights(path))
    return {name: Choice(layer["zero"], layer["centres"]) for name, layer in layers.items()}


def describe(plan: dict[str, Choice], coded: dict[str, CodedWeight]) -> dict[str, Any]:
    """How hard each layer was pressed: the share of its weights that are zero, and its centres."""
    return {"layers": {name: {"zero": round(float(np.mean(coded[name].decode() == 0)), 3),
                              "centres": choice.centres} for name, choice in plan.items()}}

