"""Drawing worlds, inputs and routing for the tests, from explicit seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import TrafficClasses, World

Tensor = torch.Tensor
SMALL = ScenarioParameters(name="small", cells=3, services=6, load=90.0)


@dataclass(frozen=True, eq=False)
class Slot:
    """All inputs of one step."""

    state: State
    exogenous: ExogenousTensors
    routing: Tensor
    replicas: Tensor


def draw_world(seed: int = 0, cells: int = 3, services: int = 6) -> World:
    return generate_world(replace(SMALL, cells=cells, services=services), seed)


def fitting_replicas(world: World, stream: np.random.Generator) -> np.ndarray:
    """[S, N] random replicas within memory; one of each service in the transport domain."""
    transport = world.nodes_of(len(world.domain_ids) - 1)
    replicas = np.zeros(world.keepalive_w.shape)
    free = world.node_memory_gb.copy()
    for service, memory in enumerate(world.memory_gb):
        node = transport[np.argmax(free[transport])]
        replicas[service, node] += 1
        free[node] -= memory
    for _ in range(4 * len(world.memory_gb)):
        service, node = stream.integers(len(world.memory_gb)), stream.integers(len(free))
        memory = world.memory_gb[service]
        if memory <= free[node] and replicas[service, node] < world.parameters.most_replicas:
            replicas[service, node] += 1
            free[node] -= memory
    return replicas


def ready_routing(
    world: World, classes: TrafficClasses, ready: np.ndarray, stream: np.random.Generator
) -> np.ndarray:
    """[D, C, R] random shares over routes to nodes with a ready replica; rows sum to 1."""
    usable = (ready > 0)[classes.service][:, world.route_node].transpose(1, 0, 2)
    shares = usable * stream.gamma(0.5, size=usable.shape) + usable * 1e-9
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def draw_slot(
    world: World,
    seed: int,
    load: float | None = None,
    classes: TrafficClasses | None = None,
    dtype: torch.dtype = torch.float64,
) -> Slot:
    """Random but possible inputs: a trace's slot, backlog, two sets of replicas, routing."""
    stream = np.random.default_rng(seed)
    classes = classes or world.classes
    generator = TrafficGenerator(world, seed, world.parameters.load if load is None else load)
    exogenous = generator.next()
    extra = stream.integers(0, 9, (len(world.candidates), len(classes) - len(world.classes)))
    ready, target = fitting_replicas(world, stream), fitting_replicas(world, stream)
    backlog = world.node_capacity_gc_s * np.maximum(stream.uniform(-0.5, 1.0, len(ready[0])), 0.0)

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(array, dtype=np.float64)).to(dtype)

    return Slot(
        state=State(tensor(backlog), tensor(ready), tensor(ready)),
        exogenous=ExogenousTensors(
            requests=tensor(np.concatenate([exogenous.requests, extra], axis=1)),
            node_background=tensor(exogenous.node_background),
            link_capacity=tensor(exogenous.link_capacity_mbit_s),
            link_energy=tensor(exogenous.link_energy_j_mbit),
        ),
        routing=tensor(ready_routing(world, classes, ready, stream)),
        replicas=tensor(target),
    )


def stack(slots: list[Slot]) -> Slot:
    """A batch of slots along a new first axis."""

    def each(values: list[object]) -> dict[str, Tensor]:
        return {
            name: torch.stack([getattr(value, name) for value in values])
            for name in vars(values[0])
        }

    return Slot(
        State(**each([slot.state for slot in slots])),
        ExogenousTensors(**each([slot.exogenous for slot in slots])),
        torch.stack([slot.routing for slot in slots]),
        torch.stack([slot.replicas for slot in slots]),
    )


def outcome_arrays(state: State, outcome: object) -> dict[str, Tensor]:
    """Every tensor of a step's result by name."""
    tensors = {name: x for name, x in vars(outcome).items() if isinstance(x, Tensor)}
    return {**tensors, "backlog": state.backlog_gc}


def kernel_of(world: World, classes: TrafficClasses | None = None) -> Kernel:
    return Kernel.of(world, classes)
