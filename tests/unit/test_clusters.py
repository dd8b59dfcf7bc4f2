"""Weights that share values: rows by themselves, and whole layers by a codebook."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning.compression.clusters import share_blocks, share_rows  # noqa: E402


def draw(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def rebuild(weight, codes, codebook):
    return codebook[codes].reshape(weight.shape)


def error(weight, *shared):
    return float(np.square(weight - rebuild(weight, *shared)).mean())


def count_values(shared):
    return [len(np.unique(row)) for row in shared]


@pytest.mark.parametrize("clusters", [1, 2, 3, 16])
def test_a_row_keeps_so_many_values_and_each_weight_takes_the_nearest(clusters):
    weight = draw(5, 200)
    shared = share_rows(weight, clusters)
    assert count_values(shared) == [clusters] * 5
    for row, values in zip(weight, shared):
        centres = np.unique(values)
        np.testing.assert_array_equal(values, centres[np.abs(row[:, None] - centres).argmin(axis=1)])


def test_rows_have_centres_of_their_own():
    weight = np.stack([draw(100), 10 + draw(100)])
    low, high = share_rows(weight, 4)
    assert low.max() < high.min()


def test_zeroing_the_smallest_leaves_one_zero_centre_and_the_others_alone():
    weight = draw(5, 200)
    whole, zeroed = share_rows(weight, 8), share_rows(weight, 8, zero_smallest=True)
    for before, after in zip(whole, zeroed):
        smallest = np.abs(before) == np.abs(before).min()
        assert (after[smallest] == 0).all()
        np.testing.assert_array_equal(after[~smallest], before[~smallest])
        assert len(np.unique(after)) == 8


def test_fewer_weights_than_clusters_stay_as_they_are():
    weight = draw(4, 3)
    np.testing.assert_array_equal(share_rows(weight, 16), weight)
    assert (share_rows(weight, 16, zero_smallest=True) == 0).sum(axis=1).tolist() == [1] * 4


def test_constant_rows_are_their_own_centre():
    weight = np.array([[0.3] * 50, [-7.0] * 50, [0.0] * 50], np.float32)
    np.testing.assert_array_equal(share_rows(weight, 8), weight)
    assert not share_rows(weight, 8, zero_smallest=True).any()


def test_a_codebook_gives_the_layer_again():
    weight = draw(8, 6, 3, 3)
    codes, codebook = share_blocks(weight, 16)
    assert (codes.dtype, codebook.dtype, codes.shape, codebook.shape) == (np.uint8, np.float32, (432,), (16, 1))
    assert error(weight, codes, codebook) < 0.02 * weight.var()
    assert (np.diff(codebook[:, 0]) > 0).all()


def test_blocks_that_move_together_are_cheaper_than_single_numbers():
    first = draw(500, 1)
    weight = np.hstack([first, -first, 2 * first, first])
    assert error(weight, *share_blocks(weight, 16, block=4)) < 0.05 * error(weight, *share_blocks(weight, 2))
    assert share_blocks(weight, 16, block=4)[1].shape == (16, 4)


@pytest.mark.parametrize("block", [1, 4])
def test_more_centres_err_less_and_the_same_layer_gives_the_same_ones(block):
    weight = draw(64, 64)
    errors = [error(weight, *share_blocks(weight, centres, block)) for centres in (2, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    for first, second in zip(share_blocks(weight, 16, block), share_blocks(weight, 16, block)):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("block", [1, 2])
def test_a_sample_is_nearly_as_good_as_the_whole_layer(block):
    weight = draw(100, 100)
    assert error(weight, *share_blocks(weight, 16, block, sample=500)) < \
        1.1 * error(weight, *share_blocks(weight, 16, block))


@pytest.mark.parametrize("sample", [100, 10_000])
def test_zero_is_held_and_what_is_zero_stays_so(sample):
    weight = draw(40, 40)
    weight[np.abs(weight) < 0.8] = 0
    codes, codebook = share_blocks(weight, 7, zero=True, sample=sample)
    assert len(codebook) == 7
    assert (codebook == 0).sum() == 1
    assert (rebuild(weight, codes, codebook)[weight == 0] == 0).all()
    assert error(weight, codes, codebook) < 0.05 * weight.var()


def test_blocks_of_zeros_have_a_centre_too():
    weight = draw(100, 4)
    weight[::2] = 0
    codes, codebook = share_blocks(weight, 8, block=4, zero=True)
    assert (~codebook.any(axis=1)).sum() == 1
    assert not rebuild(weight, codes, codebook)[::2].any()


def test_a_layer_of_zeros_is_one_zero():
    codes, codebook = share_blocks(np.zeros((4, 9), np.float32), 16, zero=True)
    assert codebook.tolist() == [[0.0]]
    assert not codes.any()


@pytest.mark.parametrize("sample", [10, 1000])
def test_centres_that_no_block_uses_are_left_out(sample):
    weight = np.repeat(np.array([1.0, 2.0, 5.0], np.float32), 30)
    codes, codebook = share_blocks(weight, 256, sample=sample)
    assert codebook.tolist() == [[1.0], [2.0], [5.0]]
    np.testing.assert_array_equal(rebuild(weight, codes, codebook), weight)


@pytest.mark.parametrize(("centres", "block", "part"), [
    (0, 1, "1 to 256"), (257, 1, "1 to 256"), (16, 4, "blocks of 4"),
])
def test_what_cannot_be_shared_is_said(centres, block, part):
    with pytest.raises(ModelError, match=part):
        share_blocks(draw(3, 3), centres, block)
