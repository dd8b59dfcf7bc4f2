"""Packed files to try: weights made up at random, and the files that hold them, sealed anew after they were spoilt."""

from __future__ import annotations

import hashlib

import numpy as np

from fingerpost.packed import CodedWeight, Packed, write_packed

GRAPH = b"a graph, its names and its biases, " * 8
CHECKSUM_BYTES = 32


def make_weight(shape, block=1, centres=8, zeros=0.0, scaled=False, half=True, seed=0):
    """A weight whose first centre is zero and taken by at least that share of the blocks."""
    dice = np.random.default_rng(seed)
    blocks = int(np.prod(shape)) // block
    codes = np.where(dice.random(blocks) < zeros, 0, dice.integers(0, centres, blocks)).astype(np.uint8)
    codebook = dice.normal(size=(centres, block)).astype(np.float32)
    codebook[0] = 0.0
    scales = dice.uniform(0.1, 2.0, shape[0]).astype(np.float32) if scaled else None
    if half:
        codebook = codebook.astype(np.float16).astype(np.float32)
        scales = None if scales is None else scales.astype(np.float16).astype(np.float32)
    return CodedWeight(tuple(shape), codes, codebook, scales)


def build_content(weights, between=GRAPH):
    """What an ONNX file is: weights as they are, with other bytes before, between and behind them."""
    return between + b"".join(weight.decode().tobytes() + between for weight in weights)


def write_pack(path, weights, between=GRAPH, labels=("apple", "kiwi"), **metadata):
    """A packed file of these weights; what it must unpack to."""
    packed = Packed("things", labels, metadata, build_content(weights, between))
    write_packed(path, packed, weights)
    return packed


def seal(body):
    """A file with a checksum that is right, whatever is in it."""
    return body + hashlib.sha256(body).digest()
