"""A network learns to do with less: zeros stay zero, shared weights stay shared, the teacher pulls it back."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

import numpy as np  # noqa: E402
from torch import nn  # noqa: E402

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning.compression import plan, tune  # noqa: E402
from fingerpost.learning.compression.match import Watched, measure_distance, miss  # noqa: E402
from fingerpost.learning.compression.plan import Choice  # noqa: E402
from fingerpost.learning.compression.prune import Pruning  # noqa: E402
from fingerpost.learning.compression.shared import SharedWeight, count_bytes  # noqa: E402

WEIGHTS = ("body.layer1.weight", "body.layer2.weight")


class Tiny(nn.Module):
    """Two stages and two outputs: a map and a number."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Module()
        self.body.layer1 = nn.Conv2d(3, 64, 5, padding=2)
        self.body.layer2 = nn.Conv2d(64, 32, 3, padding=1)
        self.maps, self.presence = nn.Conv2d(32, 2, 1), nn.Linear(32, 1)

    def forward(self, pictures):
        seen = self.body.layer2(self.body.layer1(pictures).relu()).relu()
        return self.maps(seen), self.presence(seen.mean((2, 3)))


@pytest.fixture
def net():
    torch.set_num_threads(1)
    return Tiny()


def draw(step):
    return torch.randn((4, 3, 12, 12), generator=torch.Generator().manual_seed(step))


def distance(one, other, weights=None):
    with torch.no_grad():
        return float(measure_distance(Watched(one).look(draw(99), weights), Watched(other).look(draw(99))))


def make_map(row, column, height=10.0):
    """A map that points to a place, (1, 1, 8, 8)."""
    cells = torch.arange(8.0)
    return -height * ((cells[:, None] - row) ** 2 + (cells - column) ** 2)[None, None]


def test_a_point_costs_by_how_far_it_is_off_where_the_teacher_is_sure():
    teacher = make_map(3.0, 4.0)
    assert miss(teacher, teacher) == 0.0
    costs = [float(miss(make_map(3.0 + off, 4.0), teacher)) for off in (0.02, 0.2, 1.0, 2.0)]
    assert costs == sorted(costs)
    assert costs[3] == pytest.approx(2 * costs[2], rel=0.1)  # by length, so that one lost hand is not all that counts
    assert float(miss(make_map(3.0, 4.2), teacher)) == pytest.approx(costs[1], rel=0.05)  # rows as columns
    unsure = make_map(3.0, 4.0, height=0.01)
    assert float(miss(make_map(4.0, 4.0, height=0.01), unsure)) < 0.1 * costs[2]


def test_equal_networks_are_at_no_distance_and_other_weights_are_noticed_at_every_stage(net):
    assert distance(net, copy.deepcopy(net)) == pytest.approx(0.0, abs=1e-6)
    for name, weight in net.named_parameters():
        assert distance(net, net, {name: weight + 0.1 * torch.randn_like(weight)}) > 1e-5, name
    assert len(Watched(net).look(draw(0)).stages) == 2


def test_pruned_weights_are_the_smallest_and_stay_zero_while_others_learn(net):
    before = net.body.layer2.weight.detach().clone()
    pruning = Pruning(net, {WEIGHTS[1]: 0.75, WEIGHTS[0]: 0.0})
    pruning.tighten(0.2)
    early = float((net.body.layer2.weight == 0).float().mean())
    pruning.tighten(1.0)
    zero = net.body.layer2.weight == 0
    assert 0.2 < early < float(zero.float().mean()) == pytest.approx(0.75, abs=1e-3)
    assert before[zero].abs().max() <= before[~zero].abs().min()
    assert not (net.body.layer1.weight == 0).any()
    with torch.no_grad():
        net.body.layer2.weight += 1.0
    pruning.hold()
    assert torch.equal(net.body.layer2.weight == 0, zero)


def test_pruning_towards_the_teacher_loses_less_than_pruning_alone(net):
    teacher, blunt = copy.deepcopy(net), copy.deepcopy(net)
    hard = {name: Choice(0.8, 16) for name in WEIGHTS}
    Pruning(blunt, {name: choice.share for name, choice in hard.items()}).tighten(1.0)
    tune.prune(net, teacher, hard, draw, tune.Budget(None, 150))
    assert float((net.body.layer2.weight == 0).float().mean()) == pytest.approx(0.8, abs=1e-3)
    assert distance(net, teacher) < 0.7 * distance(blunt, teacher)


def test_centres_that_learn_come_nearer_to_the_teacher_and_zeros_stay(net):
    teacher = copy.deepcopy(net)
    Pruning(net, {WEIGHTS[1]: 0.5}).tighten(1.0)
    zero = net.body.layer2.weight.detach() == 0
    shared = tune.share(net, {WEIGHTS[0]: Choice(0.0, 4), WEIGHTS[1]: Choice(0.5, 4)})
    before = distance(net, teacher, {name: weight() for name, weight in shared.items()})
    tune.settle(net, shared, teacher, draw, tune.Budget(None, 120))
    weights = {name: weight() for name, weight in shared.items()}
    assert distance(net, teacher, weights) < 0.85 * before
    assert torch.equal(weights[WEIGHTS[1]] == 0, zero)
    rows = (weights[WEIGHTS[1]] / shared[WEIGHTS[1]].scales[:, None, None, None]).detach()
    assert len(np.unique(rows.numpy().round(4))) <= 4


def test_what_is_stored_of_a_shared_weight_is_the_weight(net):
    shared = SharedWeight(net.body.layer1.weight, 16)
    assert np.allclose(shared.encode().decode(), shared().detach().numpy(), atol=2e-3)


def test_the_way_back_through_the_codes_is_that_of_indexing(net):
    shared = SharedWeight(net.body.layer1.weight, 8)
    slope = torch.randn(shared.shape)
    (shared() * slope).sum().backward()
    mine = shared.codebook.grad.clone()
    plain = shared.codebook.detach().clone().requires_grad_()
    rows = plain[shared.codes].view(len(shared.scales), -1) * shared.scales.detach()[:, None]
    (rows.view(shared.shape) * slope).sum().backward()
    assert torch.allclose(mine, plain.grad, rtol=1e-3, atol=1e-4)


def test_the_plan_fits_and_presses_what_the_network_minds_least(net):
    with torch.no_grad():
        net.body.layer2.weight[:, 8:] *= 0.001  # of this layer most does nothing
    sizes = {number: sum(options[number].bytes for options in plan.measure_options(net, draw(0)).values())
             for number in (0, len(plan.CHOICES) - 1)}
    made = plan.make_plan(net, draw(0), 0.35 * sizes[0] + 0.65 * sizes[len(plan.CHOICES) - 1])
    assert made.keys() == set(plan.list_layers(net)) == set(WEIGHTS)
    assert made[WEIGHTS[1]].share > made[WEIGHTS[0]].share
    with pytest.raises(ModelError, match="--budget of at least"):
        plan.make_plan(net, draw(0), 10)


def test_bytes_are_those_of_the_entropy():
    codes = np.repeat(np.arange(4, dtype=np.uint8), 1000)
    assert count_bytes(codes, 4) == pytest.approx(1000)
    assert count_bytes(np.zeros(4000, np.uint8), 4) == pytest.approx(0.0)
