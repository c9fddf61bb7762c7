from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cnc.simulator.kernel import Kernel, Outcome
from cnc.simulator.percentiles import GRID
from cnc.simulator.world import World

from .drawing import draw_slot, draw_world

QUANTILES = (0.5, 0.95, 0.99)
SAMPLES = 200_000


def stepped(seed: int, load: float, kept: float = 1.0) -> tuple[World, Kernel, Outcome]:
    world = draw_world(seed)
    kernel = Kernel.of(world)
    slot = draw_slot(world, seed, load)
    _, outcome = kernel.step(slot.state, slot.exogenous, slot.routing * kept)
    return world, kernel, outcome


def sampled(outcome: Outcome, which: int, stream: np.random.Generator) -> np.ndarray:
    """Latencies of single requests of a class, inf where lost."""
    flows = {name: x[which].numpy() for name, x in vars(outcome.flows).items()}
    total = float(outcome.requests[:, which].sum())
    shares = np.append(flows["flow"] / total, 0.0)
    shares[-1] = max(0.0, 1.0 - shares.sum())
    route = stream.choice(len(shares), SAMPLES, p=shares / shares.sum())
    unserved = route == len(shares) - 1
    route[unserved] = 0
    lost = unserved | (stream.random(SAMPLES) >= flows["kept"][route])
    waits = stream.random(SAMPLES) < flows["wait_probability"][route]
    rate = np.maximum(flows["wait_rate"][route], 1e-12)
    latency = flows["base_s"][route] + waits * stream.exponential(1.0, SAMPLES) / rate
    return np.where(lost, np.inf, latency)


@pytest.mark.parametrize(
    "load, kept", [(90.0, 1.0), (900.0, 1.0), (4_000.0, 1.0), (90.0, 0.97)], ids=str
)
def test_percentiles_are_those_of_sampled_requests(load: float, kept: float) -> None:
    _, kernel, outcome = stepped(7, load, kept)
    found = kernel.latency_percentiles(outcome, QUANTILES).numpy()
    stream = np.random.default_rng(7)
    for which in range(kernel.classes):
        latency = sampled(outcome, which, stream)
        for at, quantile in enumerate(QUANTILES):
            value = found[which, at]
            if np.isinf(value):
                assert np.isinf(latency).mean() > 1.0 - quantile - 0.004
            else:
                assert (latency <= value * (1.0 + 1e-9)).mean() == pytest.approx(
                    quantile, abs=0.004
                ) or (latency < value * (1.0 - 1e-9)).mean() <= quantile


def test_the_share_within_the_deadline_is_what_is_satisfied() -> None:
    """Percentiles and satisfaction read the same distribution."""
    world, kernel, outcome = stepped(8, 400.0)
    met = (outcome.satisfied_per_origin_class.sum(0) / outcome.requests.sum(0)).clamp(0, 1)
    levels = [max(0.0, float(share) - 1e-6) for share in met]
    found = kernel.latency_percentiles(outcome, levels)
    for which, deadline in enumerate(world.classes.deadline_s):
        assert float(found[which, which]) <= deadline
        above = kernel.latency_percentiles(outcome, [min(1.0, float(met[which]) + 1e-6)])
        assert float(above[which, 0]) >= deadline * (1.0 - 1e-9)


def test_a_class_without_requests_has_no_percentiles() -> None:
    world = draw_world(9)
    kernel = Kernel.of(world)
    slot = draw_slot(world, 9)
    requests = slot.exogenous.requests.clone()
    requests[:, 3] = 0.0
    _, outcome = kernel.step(slot.state, replace(slot.exogenous, requests=requests), slot.routing)
    found = kernel.latency_percentiles(outcome)
    assert bool(found[3].isnan().all()) and not bool(found[[0, 1, 2, 4, 5]].isnan().any())


def test_a_batch_of_percentiles_equals_its_members() -> None:
    world = draw_world(10)
    kernel = Kernel.of(world)
    slot = draw_slot(world, 10, 500.0)
    shares = torch.stack([slot.routing, slot.routing * 0.9])
    _, outcome = kernel.step(slot.state, slot.exogenous, shares)
    together = kernel.latency_percentiles(outcome)
    assert together.shape == (2, kernel.classes, 3)
    for at in range(2):
        _, alone = kernel.step(slot.state, slot.exogenous, shares[at])
        torch.testing.assert_close(together[at], kernel.latency_percentiles(alone))


@pytest.mark.parametrize("load", [90.0, 900.0])
def test_quantiles_per_origin_are_within_their_grid(load: float) -> None:
    world, kernel, outcome = stepped(11, load)
    found, lost = kernel.latency_quantiles_per_origin(outcome, QUANTILES)
    assert found.shape == (3, 6, 3) and lost.shape == (3, 6)
    shape = (kernel.classes, kernel.origins, kernel.routes)
    flows = {name: x.reshape(shape).numpy() for name, x in vars(outcome.flows).items()}
    weight = flows["flow"] * flows["kept"]
    for origin in range(kernel.origins):
        for which, deadline in enumerate(world.classes.deadline_s):
            requests = float(outcome.requests[origin, which])
            served = weight[which, origin].sum()
            if requests == 0:
                assert bool(found[origin, which].isnan().all())
                continue
            assert float(lost[origin, which]) == pytest.approx(1.0 - served / requests, abs=1e-9)

            def within(limit: float, which: int = which, origin: int = origin) -> float:
                slack = limit - flows["base_s"][which, origin]
                wait, rate = flows["wait_probability"], flows["wait_rate"]
                tail = wait[which, origin] * np.exp(-np.maximum(slack, 0.0) * rate[which, origin])
                total = (weight[which, origin] * np.where(slack >= 0, 1.0 - tail, 0.0)).sum()
                return float(total / weight[which, origin].sum())

            points = np.array([0.0, *GRID]) * deadline
            for at, level in enumerate(QUANTILES):
                value = float(found[origin, which, at])
                cell = int(np.clip(np.searchsorted(points, value), 1, len(points) - 1))
                if value < points[-1] * (1.0 - 1e-9):
                    assert within(points[cell - 1] - 1e-12) <= level + 1e-9
                    assert within(points[min(cell + 1, len(points) - 1)]) >= level - 1e-9
