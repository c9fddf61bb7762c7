"""The closed form of what a request costs equals the kernel's gradient, but for one small term."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.marginal import Conditions, marginal_cost
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import trace


@pytest.mark.parametrize("load", [40.0, 160.0, 400.0])
def test_it_is_the_gradient_of_the_slot_cost(load: float) -> None:
    world = generate_world(ScenarioParameters(cells=3, services=9), 2)
    stream = np.random.default_rng(int(load))
    seen = trace(world, 1, load, 2)
    shape = world.keepalive_w.shape
    ready = stream.integers(1, 4, shape) * (stream.random(shape) < 0.6)
    backlog = stream.random(shape[1]) * (stream.random(shape[1]) < 0.3)
    routes = world.route_node.shape[1]
    serving = ready[:, world.route_node].transpose(1, 0, 2) > 0
    routing = stream.random(serving.shape) * serving
    routing = routing / np.maximum(routing.sum(-1, keepdims=True), 1e-9)
    now = ExogenousTensors(
        *(
            torch.from_numpy(array[1])
            for array in (
                seen.requests,
                seen.node_background,
                seen.link_capacity_mbit_s,
                seen.link_energy_j_mbit,
            )
        )
    )
    replicas = torch.from_numpy(ready.astype(np.float64))
    state = State(torch.from_numpy(backlog), replicas, replicas)
    asked = torch.from_numpy(routing).requires_grad_(True)
    _, outcome = Kernel.of(world).step(state, now, asked)
    (gradient,) = torch.autograd.grad(outcome.cost, asked)

    def per_route(array: np.ndarray) -> np.ndarray:
        return np.asarray(array).transpose(1, 0, 2).reshape(array.shape[1], -1)

    requests = np.repeat(seen.requests[1][:, :, None], routes, axis=2)
    found = marginal_cost(
        np,
        layout_of(world, world.classes),
        Conditions(
            seen.node_background[1],
            backlog,
            ready.astype(np.float64),
            seen.link_capacity_mbit_s[1],
            seen.link_energy_j_mbit[1],
        ),
        per_route(requests),
        per_route(routing),
    )
    real = per_route((requests > 0) & serving)
    wanted = per_route(gradient.numpy() / np.maximum(requests, 1e-9))[real]
    # The kernel counts from a request that is unserved. Left out is that a request changes the
    # mean size on its links, which their waiting depends on.
    got = found.total[real] - world.parameters.penalty
    np.testing.assert_allclose(got, wanted, atol=0.6)
    assert np.median(np.abs(got - wanted)) < 0.01
    assert np.corrcoef(got, wanted)[0, 1] > 0.999
