from __future__ import annotations

import numpy as np
import pytest
import torch

from cnc.simulator.routing import compose_routing
from cnc.simulator.world import TrafficClasses, World

from .drawing import draw_world, fitting_replicas

Parts = dict[str, torch.Tensor]


def drawn_parts(world: World, classes: TrafficClasses, batch: tuple[int, ...] = ()) -> Parts:
    """Random splits; every domain's node shares sum to 1."""
    stream = np.random.default_rng(0)
    origins, services = len(world.candidates), len(world.work_gc)

    def simplex(*shape: int) -> torch.Tensor:
        return torch.as_tensor(stream.dirichlet(np.ones(shape[-1]), (*batch, *shape[:-1])))

    sigma = torch.zeros(*batch, services, len(world.node_domain), dtype=torch.float64)
    for domain in range(len(world.domain_ids)):
        nodes = world.nodes_of(domain)
        sigma[..., nodes] = simplex(services, len(nodes))
    return {
        "delta": simplex(origins, len(classes), 5),
        "sigma": sigma,
        "local": simplex(origins, services, 2),
        "backhaul": simplex(origins, services, 2),
        "core": simplex(services, 2),
        "service": torch.as_tensor(classes.service),
    }


def classes_of(world: World) -> TrafficClasses:
    return world.with_class(2, 1.0, 0.2, 0.3)


@pytest.mark.parametrize("cells", [1, 2, 3, 6])
def test_rows_sum_to_one(cells: int) -> None:
    world = draw_world(cells=cells)
    classes = classes_of(world)
    routing = compose_routing(world, **drawn_parts(world, classes))
    assert routing.shape == (cells, len(classes), world.route_node.shape[1])
    torch.testing.assert_close(routing.sum(-1), torch.ones(cells, len(classes)).double())


def test_each_share_is_the_product_of_its_parts() -> None:
    world = draw_world()
    classes = classes_of(world)
    parts = drawn_parts(world, classes)
    routing = compose_routing(world, **parts)
    for origin, which, route in np.ndindex(*routing.shape):
        service = int(classes.service[which])
        wanted = parts["delta"][origin, which, world.route_candidate[route]]
        wanted = wanted * parts["sigma"][service, world.route_node[origin, route]]
        if world.route_local[route] >= 0:
            wanted = wanted * parts["local"][origin, service, world.route_local[route]]
        if world.route_backhaul[route] >= 0:
            wanted = wanted * parts["backhaul"][origin, service, world.route_backhaul[route]]
            wanted = wanted * parts["core"][service, world.route_core[route]]
        assert float(routing[origin, which, route]) == pytest.approx(float(wanted), abs=1e-15)


def test_candidates_get_their_share() -> None:
    world = draw_world()
    parts = drawn_parts(world, world.classes)
    routing = compose_routing(world, **parts)
    for k in range(5):
        share = routing[..., torch.as_tensor(world.route_candidate == k)].sum(-1)
        torch.testing.assert_close(share, parts["delta"][..., k])


def test_a_batch_equals_its_members() -> None:
    world = draw_world()
    parts = drawn_parts(world, world.classes, (2, 3))
    together = compose_routing(world, **parts)
    for at in np.ndindex(2, 3):
        alone = {name: x if name == "service" else x[at] for name, x in parts.items()}
        torch.testing.assert_close(together[at], compose_routing(world, **alone))


def test_it_is_differentiable() -> None:
    world = draw_world(cells=2, services=3)
    parts = drawn_parts(world, world.classes)
    names = ("delta", "sigma", "local", "backhaul", "core")
    inputs = [parts[name].requires_grad_() for name in names]
    assert torch.autograd.gradcheck(
        lambda *x: compose_routing(world, *x, service=parts["service"]), inputs, fast_mode=True
    )


def test_nodes_without_a_replica_stay_empty() -> None:
    world = draw_world()
    replicas = torch.as_tensor(fitting_replicas(world, np.random.default_rng(1)))
    parts = drawn_parts(world, world.classes)
    parts["sigma"] = parts["sigma"] * (replicas > 0)
    routing = compose_routing(world, **parts)
    empty = (replicas == 0)[:, torch.as_tensor(world.route_node)].transpose(0, 1)
    assert float(routing[empty].abs().max()) == 0.0
    assert bool((routing.sum(-1) <= 1.0 + 1e-12).all())
