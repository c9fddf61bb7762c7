"""OPT: possible, better than heuristics, causal where it says so, and the same every time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from statistics import fmean

import numpy as np
import pytest
import torch

from cnc.environment.infrastructure import Infrastructure, SlotOutcome
from cnc.environment.readiness import hostable
from cnc.environment.scenario import load_scenario
from cnc.errors import SimulationError
from cnc.policies.interface import DistributedPolicy, GlobalDecision, GlobalPolicy
from cnc.policies.optimal import Effort, OptimalPolicy
from cnc.policies.optimal.deployment import deploy
from cnc.policies.optimal.horizon import Evaluator, Horizon, Slot
from cnc.policies.optimal.planning import Planner
from cnc.policies.optimal.refinement import refine, shares, spread
from cnc.policies.optimal.rounding import keep_one, whole
from cnc.policies.registry import policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import World
from cnc.training.rollout import rollout

QUICK = Effort.quick()
TINY = replace(
    QUICK, rounds=1, relaxation_steps=12, comparison_steps=4, start_steps=3, final_steps=4,
    slot_steps=3,
)  # fmt: skip
SMALL = generate_world(load_scenario("small"), 0)
VARIANTS = pytest.mark.parametrize("clairvoyant", [True, False])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads only get in each other's way with tensors this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def slots_of(world: World, load: float, first: int, last: int, seed: int = 0) -> list[Slot]:
    generator = TrafficGenerator(world, seed, load)
    each = [generator.next() for _ in range(last)][first:]
    return [
        Slot(x.requests, x.node_background, x.link_capacity_mbit_s, x.link_energy_j_mbit)
        for x in each
    ]


def mean_slot(slots: list[Slot]) -> Slot:
    names = Slot.__dataclass_fields__
    return Slot(**{name: np.mean([getattr(x, name) for x in slots], axis=0) for name in names})


def outcomes(
    policy: DistributedPolicy | GlobalPolicy, load: float, count: int, world: World = SMALL
) -> list[SlotOutcome]:
    return list(islice(rollout(world, policy, 0, load), count))


def decisions(
    policy: OptimalPolicy, infrastructure: Infrastructure, load: float, count: int
) -> list[GlobalDecision]:
    """Decisions from slot -1 on, each carried out."""
    agent = policy.agent(infrastructure.world, infrastructure.seed, load)
    made = []
    for _ in range(count):
        decision = agent.decide(infrastructure.measure())
        infrastructure.route(torch.from_numpy(decision.routing), decision.replicas)
        made.append(decision)
    return made


def test_names_are_those_of_the_registry() -> None:
    for name in ("opt", "opt-causal"):
        assert policy_named(name).name == name
        assert isinstance(policy_named(name), GlobalPolicy)


@VARIANTS
@pytest.mark.parametrize(("cells", "services"), [(1, 3), (2, 6), (4, 9)])
def test_decisions_are_possible_on_random_worlds(
    clairvoyant: bool, cells: int, services: int
) -> None:
    """The infrastructure itself refuses what is not."""
    world = generate_world(ScenarioParameters(cells=cells, services=services), 7 * cells)
    cloud = world.nodes_of(len(world.domain_ids) - 1)
    usable = hostable(world, world.classes)
    usable[:, cloud] = True
    for load in (3.0, 60.0 * cells):
        infrastructure = Infrastructure(world, 1, load, False)
        for decision in decisions(OptimalPolicy(clairvoyant, TINY), infrastructure, load, 13):
            if decision.replicas is not None:
                assert (decision.replicas[:, cloud].sum(axis=1) >= 1).all()
                assert not decision.replicas[~usable].any()


@VARIANTS
def test_an_episode_costs_less_than_any_heuristic(clairvoyant: bool) -> None:
    effort, load = replace(QUICK, relaxation_steps=40, slot_steps=15), 200.0
    mine = fmean(x.cost for x in outcomes(OptimalPolicy(clairvoyant, effort), load, 12))
    for name in ("grd", "grd-plus", "grd-work", "nearest"):
        assert mine < fmean(x.cost for x in outcomes(policy_named(name), load, 12)), name


def test_a_plan_is_never_dearer_than_the_heuristics_it_starts_from() -> None:
    planner = Planner(SMALL, SMALL.classes, TINY)
    for load in (20.0, 120.0, 300.0):
        plan = planner.plan(slots_of(SMALL, load, 0, 10), np.zeros(len(SMALL.node_domain)), True)
        assert {"grd-plus", "grd-work"} <= plan.costs.keys()
        assert plan.cost <= min(plan.costs.values()) * (1 + 1e-6)


def test_the_plan_of_clairvoyance_comes_true() -> None:
    """Ten slots, backlog and rolling update included, cost what their plan said."""
    load, update = 300.0, 0.0
    agent = OptimalPolicy(True, TINY).agent(SMALL, 0, load)
    infrastructure = Infrastructure(SMALL, 0, load, False)
    costs: list[float] = []
    planned = []
    for _ in range(22):
        measured = infrastructure.measure()
        decision = agent.decide(measured)
        routing = torch.from_numpy(decision.routing)
        planned.append(agent.plans[-1].cost)
        if measured.slot == 10:
            without = copy.deepcopy(infrastructure).route(routing, measured.placed)
            assert without is not None
            update = -without.cost
        outcome = infrastructure.route(routing, decision.replicas)
        if outcome is not None:
            costs.append(outcome.cost)
    update += costs[10]
    assert sum(costs[:11]) - update == pytest.approx(planned[0], rel=1e-3)
    assert sum(costs[11:21]) + update == pytest.approx(planned[11], rel=1e-3)


def test_causal_decisions_do_not_change_with_the_future() -> None:
    """Two traces that differ from slot 12 on: everything up to slot 11 is decided alike."""
    policy, changed = OptimalPolicy(False, TINY), 12
    first = decisions(policy, Infrastructure(SMALL, 0, 90.0, False), 90.0, changed + 1)
    other = Infrastructure(SMALL, 0, 90.0, False)
    following = other._traffic.next

    def later_differs() -> object:
        now = following()
        if now.slot < changed:
            return now
        return replace(
            now, requests=now.requests[::-1].copy(), node_background=0.5 * now.node_background
        )

    other._traffic.next = later_differs  # type: ignore[method-assign,assignment]
    second = decisions(policy, other, 90.0, changed + 2)
    for mine, its in zip(first, second, strict=False):
        assert np.array_equal(mine.routing, its.routing)
        assert (mine.replicas is None) == (its.replicas is None)
        if mine.replicas is not None:
            assert np.array_equal(mine.replicas, its.replicas)


def test_causal_decisions_do_not_see_the_slots_own_background() -> None:
    policy, plain = OptimalPolicy(False, TINY), Infrastructure(SMALL, 0, 90.0, False)
    first = decisions(policy, plain, 90.0, 4)
    other = Infrastructure(SMALL, 0, 90.0, False)
    following = other._traffic.next

    def own_differs() -> object:
        now = following()
        return replace(now, node_background=0.3 + 0 * now.node_background) if now.slot == 2 else now

    other._traffic.next = own_differs  # type: ignore[method-assign,assignment]
    assert np.array_equal(first[3].routing, decisions(policy, other, 90.0, 4)[3].routing)


@VARIANTS
def test_the_same_seed_gives_the_same_episode(clairvoyant: bool) -> None:
    first, second = (outcomes(OptimalPolicy(clairvoyant, TINY), 90.0, 12) for _ in range(2))
    assert [x.cost for x in first] == [x.cost for x in second]


@VARIANTS
def test_without_requests_only_the_obligatory_replicas_are_paid(clairvoyant: bool) -> None:
    for outcome in outcomes(OptimalPolicy(clairvoyant, TINY), 0.0, 12):
        cloud = SMALL.nodes_of(len(SMALL.domain_ids) - 1)
        least = SMALL.keepalive_w[:, cloud].min(axis=1).sum() / SMALL.parameters.reference_j
        assert outcome.satisfied_share == 1.0
        assert outcome.cost == pytest.approx(least)


@VARIANTS
def test_a_solver_that_runs_out_of_time_leaves_the_other_starts(clairvoyant: bool) -> None:
    load, late = 120.0, replace(TINY, solver_s=0.0)
    mean = mean_slot(slots_of(SMALL, load, 0, 10))
    admissible = SMALL.admissible_routes(SMALL.classes)
    assert deploy(SMALL, SMALL.classes, admissible, mean, 0.85, 0.0) is None
    plan = Planner(SMALL, SMALL.classes, late).plan(
        slots_of(SMALL, load, 0, 10), np.zeros(len(SMALL.node_domain)), clairvoyant
    )
    assert "lp" not in plan.costs
    assert plan.cost <= min(plan.costs.values()) * (1 + 1e-6)
    assert len(outcomes(OptimalPolicy(clairvoyant, late), load, 12)) == 12


def test_without_rounds_the_best_heuristic_start_is_taken() -> None:
    none = replace(TINY, rounds=0, solver_s=0.0)
    planner = Planner(SMALL, SMALL.classes, none)
    plan = planner.plan(slots_of(SMALL, 90.0, 0, 5), np.zeros(len(SMALL.node_domain)), True)
    assert plan.start in {"grd-plus", "grd-work"}


def test_the_linear_programme_keeps_memory_capacity_and_demand() -> None:
    mean = mean_slot(slots_of(SMALL, 150.0, 0, 10))
    admissible = SMALL.admissible_routes(SMALL.classes)
    found = deploy(SMALL, SMALL.classes, admissible, mean, 0.85, 20.0)
    assert found is not None
    assert (SMALL.memory_gb @ found.replicas <= SMALL.node_memory_gb + 1e-6).all()
    assert found.routing.min() >= -1e-9
    assert found.routing.sum(axis=-1).max() <= 1 + 1e-6
    assert not found.routing[~admissible].any()
    work = np.zeros(SMALL.keepalive_w.shape)
    flow = mean.requests[:, :, None] * found.routing
    for origin, nodes in enumerate(SMALL.route_node):
        for group, service in enumerate(SMALL.classes.service):
            np.add.at(work[service], nodes, flow[origin, group] * SMALL.work_gc[service])
    granted = 0.85 * found.replicas * SMALL.node_replica_capacity_gc_s
    assert (work <= granted + 1e-5).all()


def test_refinement_never_ends_above_its_start() -> None:
    evaluator = Evaluator(SMALL, SMALL.classes, torch.float64)
    nodes = len(SMALL.node_domain)
    horizon = Horizon.of(slots_of(SMALL, 200.0, 0, 6), np.zeros(nodes), True, torch.float64)
    ready = evaluator.tensor(np.ones(SMALL.keepalive_w.shape))
    start = spread(evaluator, horizon)
    before = evaluator.slot_costs(horizon, shares(start, evaluator.routes(ready)), ready)
    _, after = refine(evaluator, horizon, ready, start, 5, 50.0)
    assert float(after.sum()) <= float(before.sum())


def test_costs_of_a_horizon_are_those_of_the_kernel_slot_by_slot() -> None:
    """With so much demand on few nodes that backlog links the slots."""
    evaluator = Evaluator(SMALL, SMALL.classes, torch.float64)
    nodes, kernel = len(SMALL.node_domain), evaluator.kernel
    backlog = 0.2 * SMALL.node_capacity_gc_s
    horizon = Horizon.of(slots_of(SMALL, 3_000.0, 0, 5), backlog, True, torch.float64)
    replicas = evaluator.tensor(np.ones((len(SMALL.work_gc), nodes)))
    replicas[:, SMALL.nodes_of(len(SMALL.domain_ids) - 1)[1:]] = 0.0
    routing = shares(spread(evaluator, horizon), evaluator.routes(replicas))
    found = evaluator.slot_costs(horizon, routing, replicas)
    state = State(torch.as_tensor(backlog), replicas, replicas)
    for slot in range(5):
        inputs = type(horizon.inputs)(**{k: v[slot] for k, v in vars(horizon.inputs).items()})
        state, outcome = kernel.step(state, inputs, routing[slot], check=False)
        assert float(found[slot]) == pytest.approx(float(outcome.cost), rel=1e-9)
    assert float(state.backlog_gc.max()) > 0


def test_another_trace_than_foretold_is_refused() -> None:
    agent = OptimalPolicy(True, TINY).agent(SMALL, 0, 90.0)
    infrastructure = Infrastructure(SMALL, 1, 90.0, False)
    decision = agent.decide(infrastructure.measure())
    infrastructure.route(torch.from_numpy(decision.routing), decision.replicas)
    with pytest.raises(SimulationError, match="seed and load"):
        agent.decide(infrastructure.measure())


def test_whole_replicas_keep_within_memory() -> None:
    stream = np.random.default_rng(3)
    for _ in range(20):
        share = stream.dirichlet(np.full(len(SMALL.work_gc), 0.3), len(SMALL.node_domain)).T
        fractional = np.minimum(share * SMALL.node_memory_gb / SMALL.memory_gb[:, None], 8.0)
        replicas = whole(SMALL, fractional, 0.4)
        assert (SMALL.memory_gb @ replicas <= SMALL.node_memory_gb + 1e-9).all()
        assert replicas.min() >= 0
        assert replicas.max() <= SMALL.parameters.most_replicas


def test_a_cloud_that_cannot_hold_every_service_is_refused() -> None:
    memory = SMALL.node_memory_gb.copy()
    memory[SMALL.nodes_of(len(SMALL.domain_ids) - 1)] = 1.0
    with pytest.raises(SimulationError, match="one replica of each service"):
        keep_one(
            replace(SMALL, node_memory_gb=memory), np.zeros(SMALL.keepalive_w.shape, dtype=np.int64)
        )
