"""The PettingZoo environment: the interface holds, and it is the same infrastructure."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test

from cnc.environment.assembly import observe_all, observe_domain
from cnc.environment.infrastructure import Measurement
from cnc.environment.parallel import NetworkEnvironment, parallel_env
from cnc.environment.views import order_for
from cnc.errors import ConfigurationError, SimulationError, UsageError
from cnc.policies.registry import distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.training.rollout import rollout

WORLD = generate_world(ScenarioParameters(cells=2, services=6), 5)


def small(slots: int = 12, flat: bool = False) -> NetworkEnvironment:
    return NetworkEnvironment(WORLD, 60.0, slots, flat)


def sampled(environment: NetworkEnvironment) -> dict[str, Any]:
    return {agent: environment.action_space(agent).sample() for agent in environment.agents}


def neutral(environment: NetworkEnvironment) -> dict[str, Any]:
    """No preference, one replica everywhere, all may host all."""
    actions = {
        agent: {name: np.zeros(box.shape) for name, box in environment.action_space(agent).items()}
        for agent in environment.agents
    }
    for agent, action in actions.items():
        action["hosts" if agent == "e2e" else "replicas"] += 1.0
    return actions


@pytest.mark.parametrize("flat", [False, True])
def test_the_interface_is_that_of_pettingzoo(flat: bool) -> None:
    parallel_api_test(small(flat=flat), num_cycles=30)
    parallel_seed_test(lambda: small(flat=flat), num_cycles=3)


def test_the_shipped_scenario_has_22_agents() -> None:
    environment = parallel_env("paper", load=800.0, slots=2, world_seed=3)
    environment.reset(seed=0)
    assert environment.agents == ["e2e", *environment.world.domain_ids]
    assert environment.num_agents == 22
    for _ in range(3):
        seen, rewards, *_ = environment.step(sampled(environment))
    assert set(rewards) == set(environment.possible_agents)
    assert environment.agents == []
    for agent, each in seen.items():
        assert environment.observation_space(agent).contains(each), agent


def test_an_episode_is_truncated_after_its_slots_with_something_to_bootstrap_from() -> None:
    environment = small(slots=3)
    environment.reset(seed=1)
    steps = 0
    while environment.agents:
        seen, _, terminated, truncated, infos = environment.step(sampled(environment))
        assert not any(terminated.values())
        steps += 1
    assert steps == 4
    assert all(truncated.values())
    assert seen["e2e"]["requests"].sum() > 0
    assert infos["e2e"]["slot"] == 3


def test_what_policies_decide_gives_what_a_rollout_gives() -> None:
    policy, slots = distributed_policy("grd-work"), 23
    wanted = list(islice(rollout(WORLD, policy, seed=7, load=60.0), slots))
    environment = small(slots=slots)
    environment.reset(seed=7)
    act = _Agents(environment)
    environment.step(act(environment.measured))
    for outcome in wanted:
        _, rewards, _, _, infos = environment.step(act(environment.measured))
        assert rewards["transport"] == pytest.approx(-outcome.cost, rel=1e-9)
        assert infos["e2e"]["energy_j"] == pytest.approx(outcome.energy_j, rel=1e-9)
        assert infos["ran-0"]["satisfied"] == pytest.approx(outcome.satisfied, rel=1e-9)
        own = sum(infos[agent]["own_energy_j"] for agent in environment.sites)
        assert own == pytest.approx(outcome.energy_j, rel=1e-9)


class _Agents:
    """A shipped policy as actions: shares as their logarithms, replicas as whole numbers."""

    def __init__(self, environment: NetworkEnvironment) -> None:
        policy = distributed_policy("grd-work")
        self.end_to_end = policy.end_to_end(WORLD, 7)
        self.domains = {name: policy.domain(s, 7) for name, s in environment.sites.items()}
        self.sites = environment.sites

    def __call__(self, measured: Measurement) -> dict[str, Any]:
        seen = observe_all(measured, WORLD)
        hosts = self.end_to_end.hosts(seen) if measured.frame_start else None
        delta = self.end_to_end.distribute(seen)
        with np.errstate(divide="ignore"):
            allowed = np.ones((len(self.sites), len(WORLD.work_gc)))
            actions: dict[str, Any] = {"e2e": {"distribute": np.log(delta), "hosts": allowed}}
            for name, site in self.sites.items():
                order, own = order_for(site, seen, delta, hosts), observe_domain(measured, site)
                agent = self.domains[name]
                agent.observe(order)
                replicas = agent.deploy(own, order) if measured.frame_start else own.placed
                split = agent.split(own, order)
                actions[name] = {
                    "replicas": replicas,
                    "split": np.log(split.sigma),
                    "paths": np.log(split.paths),
                }
        return actions


def test_agents_see_their_own_part_only() -> None:
    environment = small()
    seen, infos = environment.reset(seed=2)
    world = environment.world
    assert "inflow" not in seen["e2e"]
    for agent, site in environment.sites.items():
        assert seen[agent]["background"].shape == (len(site.nodes),)
        assert seen[agent]["link_capacity_mbit_s"].shape == (len(site.links),)
        np.testing.assert_allclose(
            seen[agent]["requests"], seen["e2e"]["requests"][site.origins], rtol=1e-6
        )
        assert infos[agent]["masks"]["split"].shape == (len(world.work_gc), len(site.nodes))
    assert not infos["e2e"]["masks"]["distribute"].any()
    _, rewards, *_, infos = environment.step(neutral(environment))
    assert set(rewards.values()) == {0.0}
    assert infos["e2e"]["masks"]["distribute"].any(-1).all()


def test_domains_learn_the_inflow_one_slot_later() -> None:
    environment = small()
    environment.reset(seed=2)
    first, *_ = environment.step(neutral(environment))
    assert first["transport"]["inflow"].sum() == 0.0
    then, *_ = environment.step(neutral(environment))
    total = sum(then[agent]["inflow"].sum() for agent in environment.sites)
    assert total == pytest.approx(2 * 6, rel=1e-5)


def test_domains_host_only_what_end_to_end_allows() -> None:
    environment = small()
    environment.reset(seed=2)
    actions = neutral(environment)
    actions["e2e"]["hosts"][:] = 0.0
    seen, *_ = environment.step(actions)
    placed = seen["e2e"]["placed"]
    transport = WORLD.nodes_of(len(WORLD.domain_ids) - 1)
    np.testing.assert_array_equal(placed[:, transport].sum(1), 1.0)
    assert placed.sum() == len(WORLD.work_gc)


def test_the_seed_chooses_the_trace_and_begins_a_sequence() -> None:
    def requests(environment: NetworkEnvironment, **options: Any) -> list[float]:
        environment.reset(**options)
        return [
            float(environment.step(neutral(environment))[0]["e2e"]["requests"][0, 0])
            for _ in range(6)
        ]

    one, other = small(), small()
    assert requests(one, seed=4) == requests(other, seed=4)
    first = requests(one)
    assert first == requests(other)
    assert first != requests(one, seed=4)
    assert sum(requests(one, seed=4, options={"load": 0.0})) == 0.0


def test_the_state_is_what_end_to_end_sees() -> None:
    environment = small()
    environment.reset(seed=1)
    assert environment.state_space.contains(environment.state())
    flat = small(flat=True)
    seen, _ = flat.reset(seed=1)
    np.testing.assert_array_equal(seen["e2e"], environment.state())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda actions: actions.pop("ran-1"), "agent ran-1 has no action"),
        (lambda actions: actions["e2e"].pop("hosts"), "e2e lacks 'hosts'"),
        (lambda actions: actions["ran-0"].update(split=np.zeros(3)), "'split' of ran-0 has shape"),
        (lambda actions: actions["e2e"]["hosts"].fill(np.nan), "'hosts' of e2e is not a number"),
    ],
)
def test_wrong_actions_are_refused_by_agent(change: Any, message: str) -> None:
    environment = small()
    environment.reset(seed=0)
    actions = neutral(environment)
    change(actions)
    with pytest.raises(SimulationError, match=message):
        environment.step(actions)
    assert environment.step(neutral(environment))[1]["e2e"] == 0.0


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no scenario"):
        parallel_env("paperr")
    with pytest.raises(UsageError, match="at least one slot"):
        parallel_env("small", slots=0)
    environment = small(flat=True)
    environment.reset(seed=0)
    with pytest.raises(SimulationError, match="it is a vector of"):
        environment.step({**sampled(environment), "e2e": np.zeros(3)})


def test_nothing_else_loads_pettingzoo() -> None:
    modules = ("assembly", "batched", "decoding", "infrastructure", "observations", "scenario")
    code = "import sys\n" + "".join(f"import cnc.environment.{name}\n" for name in modules)
    code += "assert not {'pettingzoo', 'gymnasium', 'sympy'} & set(sys.modules)"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=60)
