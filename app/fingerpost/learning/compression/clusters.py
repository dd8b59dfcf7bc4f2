"""Weights that share values: k-means finds a few centres, and every weight becomes the nearest of them.

Han et al., "Deep Compression", 2016. That a codebook of short vectors can beat one of numbers is older (Gersho and
Gray, "Vector Quantization and Signal Compression", 1992). numpy and scikit-learn alone.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from threadpoolctl import threadpool_limits

from ...core.errors import ModelError

MOST_CENTRES = 256
"""A code is one byte."""
SAMPLE = 32_768
"""Of a larger layer so many blocks, drawn at random, give the first centres. On 1.2 M weights with heavy tails and 256
centres the error is then a tenth of what MiniBatchKMeans leaves over all of them, in half of its time."""
STARTS, SEED = 4, 0
ROUNDS, SETTLED = 6, 1e-3
"""On the whole layer the centres move at most so often, until a smaller share of the blocks changes its centre."""


def share_rows(weight: np.ndarray, clusters: int, zero_smallest: bool = False) -> np.ndarray:
    """The weights (rows, columns) of a layer after each output's have been clustered by themselves.

    Returns float32 of the same shape, with at most `clusters` (1 to 256) values in a row. With `zero_smallest` the
    centre of each row that is nearest zero becomes zero, and the weights that share it with it.
    """
    shared = np.empty(weight.shape, np.float32)
    for row, values in zip(shared, weight):
        codes, codebook = share_blocks(values, clusters)
        if zero_smallest:
            codebook[np.abs(codebook).argmin()] = 0.0
        row[:] = codebook[codes, 0]
    return shared


def share_blocks(weight: np.ndarray, centres: int, block: int = 1, zero: bool = False,
                 sample: int = SAMPLE) -> tuple[np.ndarray, np.ndarray]:
    """One codebook for a whole layer: the code of each block, uint8 (N,), and the centres, float32 (K, block).

    A block is `block` consecutive numbers of `weight` in C order; codebook[codes].reshape(weight.shape) is the layer
    again. K is at most `centres` (1 to 256): what no block uses is left out. Centres come in ascending order of their
    first numbers, and the same layer always gives the same ones. With `zero` one centre is held exactly at zero.
    A layer of more than `sample` blocks finds its first centres on so many of them. Raises ModelError for what cannot
    be cut into such blocks or told apart in a byte.
    """
    if not 1 <= centres <= MOST_CENTRES:
        raise ModelError(f"weights cannot share {centres} centres: choose 1 to {MOST_CENTRES}")
    if not weight.size or weight.size % block:
        raise ModelError(f"{weight.size} weights cannot be cut into blocks of {block}: choose a length that divides it")
    blocks = weight.reshape(-1, block).astype(np.float64)
    with threadpool_limits(1):  # several threads add in any order, which would show in the last digits
        codes, codebook = settle(blocks, find_centres(blocks, centres, zero, sample), zero)
    used, codes = np.unique(codes, return_inverse=True)
    return codes.astype(np.uint8), codebook[used].astype(np.float32)


def find_centres(blocks: np.ndarray, centres: int, zero: bool, sample: int) -> np.ndarray:
    """Centres (K, block) of some of the blocks (N, block), in ascending order; one of them is zero if so wanted.

    Blocks that are zero then have their centre, and the others are for the rest.
    """
    chosen = np.flatnonzero(blocks.any(axis=1)) if zero else np.arange(len(blocks))
    if len(chosen) > sample:
        chosen = np.random.default_rng(SEED).choice(chosen, sample, replace=False)
    found = np.zeros((int(zero), blocks.shape[1]))
    wanted = min(centres - len(found), len(chosen))
    if wanted:
        means = KMeans(wanted, n_init=STARTS, random_state=SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer kinds of blocks than centres: some stay unused
            means.fit(blocks[chosen])
        found = np.vstack([found, means.cluster_centers_])
    return found[np.lexsort(found.T[::-1])]


def settle(blocks: np.ndarray, codebook: np.ndarray, zero: bool) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's rounds on the whole layer: codes (N,) and centres (K, block). With `zero` a zero centre stays."""
    held = zero & ~codebook.any(axis=1)
    codes = find_nearest(blocks, codebook)
    for _ in range(ROUNDS):
        codebook = average_blocks(blocks, codes, codebook)
        codebook[held] = 0.0
        before, codes = codes, find_nearest(blocks, codebook)
        if np.mean(codes != before) < SETTLED:
            break
    return codes, codebook


def find_nearest(blocks: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """The index (N,) of the centre that is nearest to each block. Rounds keep single numbers in ascending order, so
    that halving finds them, ten times as fast as distances to 256 centres do."""
    if blocks.shape[1] > 1:
        return pairwise_distances_argmin(blocks, codebook)
    centres = codebook[:, 0]
    return np.searchsorted((centres[1:] + centres[:-1]) / 2, blocks[:, 0])


def average_blocks(blocks: np.ndarray, codes: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """The mean of the blocks of each centre; one without blocks stays where it is."""
    total = np.bincount(codes, minlength=len(codebook))[:, None]
    sums = np.stack([np.bincount(codes, column, len(codebook)) for column in blocks.T], axis=1)
    return np.divide(sums, total, out=codebook.copy(), where=total > 0)
