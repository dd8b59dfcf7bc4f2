"""How good a pointing network is on frames that it does not learn from, and where it fails most."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from ...vision.fingertip import PAD, TIP, decode_points
from .. import training
from ..datasets import Hands
from ..evaluation.plots import WORST, WORST_COLUMNS, draw_tile, write_words
from ..evaluation.sights import HEIGHT, NEAR_PX, WIDTH
from ..rendering.pictures import write_sheet

MOST_FALSE, MOST_MISSED = 0.01, 0.1
"""The presence threshold: so few hand-free views may be found as hands, as long as so few hands are missed for it."""


@torch.no_grad()
def predict(net: nn.Module, hands: Hands, size: tuple[int, int], device: str) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3, 2) as shares, decoded exactly as on the wearable, and presence probabilities (N,)."""
    points, presence = [], []
    for start in range(0, len(hands.pictures), 64):
        frames = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in hands.pictures[start:start + 64]]
        inputs = training.normalise(training.to_tensor(np.stack(frames), device))
        output, logit = net(inputs.contiguous(memory_format=torch.channels_last))
        points += [decode_points(one[None]) for one in output.float().cpu().numpy()]
        presence.append(logit[:, 0].float().sigmoid().cpu().numpy())
    return np.array(points), np.concatenate(presence)


def validate(net: nn.Module, held: list[Hands], size: tuple[int, int], device: str,
             threshold: float | None = None) -> dict[str, float]:
    """Figures of each source with hands, of presence over all of them, and one `score` for all; lower is better.

    Per source: the median error in pixels (`px0`, ...) of its outermost labelled point and the share within 20 px.
    `threshold` is fitted to presence unless it is given; `missed` and `false` count hands and hand-free pictures at it,
    and `idle` the frames without a label that lie among labelled ones: rendered hands that do not point, for most of
    them. These count as hand-free pictures where there are no others.
    The score is the mean over the sources of median / 20 px and of the share beyond 20 px, plus missed, plus false.
    """
    looks = [predict(net, hands, size, device) for hands in held]
    figures, costs = {}, []
    for number, (hands, (points, _)) in enumerate(zip(held, looks, strict=True)):
        error = measure_errors(hands, points)
        error = error[~np.isnan(error)]  # of the labelled ones
        if len(error):
            median, near = float(np.median(error)), share_of(error <= NEAR_PX)
            figures.update({f"px{number}": median, f"within{number}": near})
            costs.append(median / NEAR_PX + 1 - near)
    chance, present = np.concatenate([c for _, c in looks]), np.concatenate([hands.present for hands in held])
    among_hands = np.concatenate([np.full(len(hands.present), hands.present.any()) for hands in held])
    empty = ~present & ~among_hands if not among_hands.all() else ~present
    if threshold is None:
        threshold = fit_threshold(chance[present], chance[empty])
    figures["threshold"] = threshold
    figures["missed"] = share_of(~(chance[present] >= threshold))  # so that what is no number counts as missed
    figures["false"] = share_of(chance[empty] >= threshold)
    figures["idle"] = share_of(chance[~present & among_hands] >= threshold)
    figures["score"] = float(np.mean(costs)) + figures["missed"] + figures["false"]
    return figures


def measure_errors(hands: Hands, points: np.ndarray) -> np.ndarray:
    """Pixels of 640x480 between found and labelled point (N,): the tip, or the pad where no tip is labelled.

    NaN without a label; infinite where the network gives no number.
    """
    point = PAD if np.isnan(hands.points[:, TIP]).all() else TIP
    errors = np.linalg.norm((points - hands.points)[:, point] * (WIDTH, HEIGHT), axis=1)
    labelled = ~np.isnan(hands.points[:, point]).any(axis=1)
    return np.where(labelled & np.isnan(errors), np.inf, errors)


def share_of(verdicts: np.ndarray) -> float:
    """How many are true; 0 of none."""
    return float(verdicts.mean()) if len(verdicts) else 0.0


def fit_threshold(hands: np.ndarray, empty: np.ndarray) -> float:
    """The presence probability from which a hand counts; the views have it with a hand (N,) and without one (M,).

    Of the thresholds at which at most 1 % of the hand-free views are found, the one that misses fewest hands; where
    that still misses more than 10 %, the one with the smallest sum of the shares missed and falsely found.
    """
    if not len(hands) or not len(empty):
        return 0.5
    choices = np.linspace(0.05, 0.99, 95)
    missed = np.array([(hands < t).mean() for t in choices])
    false = np.array([(empty >= t).mean() for t in choices])
    strict = np.where(false <= MOST_FALSE, missed, np.inf)
    cost = strict if strict.min() <= MOST_MISSED else missed + false
    return float(np.median(choices[np.isclose(cost, cost.min())]))  # the middle of a flat valley holds best


def draw_worst(net: nn.Module, held: list[Hands], size: tuple[int, int], device: str, threshold: float,
               path: Path) -> None:
    """One sheet of the frames with the largest mistakes (green: label, red: found, with presence).

    A hand that is missed, or found where none is, counts as a mistake of 100 px more.
    """
    ranked = []
    for hands in held:
        points, presence = predict(net, hands, size, device)
        wrong = (presence >= threshold) != hands.present
        mistakes = np.nan_to_num(measure_errors(hands, points)) + 100.0 * wrong
        ranked += [(mistakes[index], draw_look(hands, index, points[index], presence[index]))
                   for index in np.argsort(-mistakes)[:WORST]]
    ranked.sort(key=lambda pair: -pair[0])
    write_sheet(path, [tile for _, tile in ranked[:WORST]], WORST_COLUMNS)


def draw_look(hands: Hands, index: int, points: np.ndarray, presence: float) -> np.ndarray:
    """One frame with its label and what was found, RGB uint8 (240, 320, 3)."""
    labels = hands.points[index]
    point = PAD if np.isnan(labels[TIP]).any() else TIP
    tile = draw_tile(hands.pictures[index], labels[point], points[point])
    write_words(tile, f"{'hand' if hands.present[index] else 'no hand'}, presence {presence:.2f}")
    return tile
