"""What the head for taught things promises, on made-up embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost.core.rules import Rules
from fingerpost.models import ModelInfo
from fingerpost.vision.heads import Curve, TaughtHead, believe, to_unit
from fingerpost.vision.recognise import Recogniser, make_views

D = 64
seeds = some.integers(0, 1000)


def looks(thing, count=5, looseness=0.5):
    """Embeddings (count, D) of one thing, the same ones for the same numbers."""
    rng = np.random.default_rng((7, thing, count))
    return np.random.default_rng(thing).normal(size=D) + looseness * rng.normal(size=(count, D))


def taught(count=4, **more):
    head = TaughtHead(0.5, 0.05, 5.0)
    head.fit({**{f"taught:{thing}": looks(thing) for thing in range(count)}, **more})
    return head


def best(chances):
    return max(chances, key=lambda key: chances[key])


def test_what_was_taught_is_known_and_strangers_are_not():
    head = taught()
    for thing in range(4):
        chances = head.probabilities(looks(thing, 1)[0])
        assert best(chances) == f"taught:{thing}"
        assert chances[best(chances)] > 0.9
    assert max(head.probabilities(looks(99, 1)[0]).values()) < 0.05


@pytest.mark.parametrize("looseness", [0.001, 0.01, 0.03])
def test_looks_from_one_spot_do_not_make_sure_between_two_that_are_alike(looseness):
    rng = np.random.default_rng(3)
    one, between, other = (to_unit(to_unit(rng.normal(size=D)) + [2.4 * np.eye(D)[0]])[0] for _ in range(3))
    head = TaughtHead(0.5, 0.05, 38.0)
    head.fit({name: mean + looseness / np.sqrt(D) * rng.normal(size=(4, D))
              for name, mean in (("a", one), ("b", other))})
    halfway = 0.5 * (one + other) + 0.05 * (between - other)
    assert max(head.probabilities(halfway).values()) < 0.9


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_beliefs_are_shares_of_one(seed):
    chances = np.array(list(taught().probabilities(looks(seed, 1)[0]).values()))
    assert (chances >= 0).all()
    assert chances.sum() <= 1.0


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_order_of_samples_and_lessons_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    lessons = {f"taught:{thing}": looks(thing) for thing in range(4)}
    shuffled = {key: rng.permutation(lessons[key]) for key in rng.permutation(sorted(lessons)).tolist()}
    one, other = TaughtHead(), TaughtHead()
    one.fit(lessons)
    other.fit(shuffled)
    question = looks(seed % 6, 1)[0]
    assert one.probabilities(question) == pytest.approx(other.probabilities(question), abs=1e-9)


def test_the_length_of_an_embedding_does_not_matter():
    assert taught().probabilities(3.0 * looks(1, 1)[0]) == pytest.approx(taught().probabilities(looks(1, 1)[0]))


def test_a_thing_taught_twice_shares_the_belief():
    question = looks(2, 1)[0]
    alone = taught().probabilities(question)["taught:2"]
    chances = taught(twin=looks(2)).probabilities(question)
    assert chances["twin"] == pytest.approx(chances["taught:2"])
    assert chances["twin"] + chances["taught:2"] == pytest.approx(alone, abs=0.05)


def test_one_more_thing_hardly_moves_the_others():
    before, after = taught(20), taught(21)
    for thing in range(20):
        question = looks(thing, 1)[0]
        assert best(before.probabilities(question)) == best(after.probabilities(question))


def test_one_thing_from_one_sample_can_be_known():
    head = TaughtHead(0.5, 0.05)
    head.fit({"taught:1": looks(1, 1)})
    assert head.probabilities(looks(1, 1)[0])["taught:1"] > 0.9
    assert head.probabilities(looks(2, 1)[0])["taught:1"] < 0.05


def test_samples_that_are_all_the_same_are_no_trouble():
    head = TaughtHead()
    head.fit({"taught:1": np.tile(looks(1, 1), (3, 1)), "taught:2": np.tile(looks(2, 1), (3, 1))})
    assert best(head.probabilities(looks(2, 1)[0])) == "taught:2"


def test_a_refit_forgets_what_is_not_there_any_more():
    head = taught()
    head.fit({"taught:3": looks(3)})
    assert set(head.probabilities(looks(0, 1)[0])) == {"taught:3"}
    head.fit({})
    assert head.probabilities(looks(0, 1)[0]) == head.likeness(looks(0, 1)[0]) == {}


def test_likeness_is_the_cosine_to_the_mean():
    likeness = taught().likeness(looks(1, 1)[0])
    mean = to_unit(looks(1)).mean(axis=0)
    assert likeness["taught:1"] == pytest.approx(float(to_unit(mean) @ to_unit(looks(1, 1)[0])))


def test_belief_is_even_at_the_middle_of_the_curve():
    curve = Curve(0.4, 0.05, 1.0)
    assert believe(np.array([0.4]), np.array([0.0]), curve) == pytest.approx([0.5])
    assert believe(np.array([0.4, 0.1]), np.array([2.0, 2.0]), curve) == pytest.approx([0.25, 0.25])


def test_the_accepted_share_of_wrong_names_moves_both_thresholds():
    assert Rules().maybe < Rules().sure < 1.0
    strict = Rules(accepted_wrong=0.005)
    assert (strict.maybe, strict.sure) > (Rules().maybe, Rules().sure)


class Brightness:
    """A network whose embedding is the mean colour of the left and the right half; it has no names."""

    def run(self, array):
        half = array.shape[3] // 2
        return np.zeros((1, 1)), np.concatenate([array[..., :half].mean((2, 3)), array[..., half:].mean((2, 3))], 1)


def test_a_crop_is_seen_mirrored_and_closer_too():
    info = ModelInfo("net", None, "", 1, (1, 3, 16, 16), (0.5,) * 3, (0.25,) * 3, (), None, None, 1, 1, "", "", {}, "")
    crop = np.zeros((40, 40, 3), np.uint8)
    crop[:, :20] = 255
    embedding = Recogniser(Brightness(), info, TaughtHead()).embed(crop)[1]
    assert embedding[:3] == pytest.approx(embedding[3:])
    assert [view.shape for view in make_views(crop)] == [(40, 40, 3)] * 2 + [(30, 30, 3)] * 2
