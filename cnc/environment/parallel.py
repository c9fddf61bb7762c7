"""The infrastructure as a PettingZoo `ParallelEnv` of 22 agents (docs/environment.md).

Agents are `e2e` and the domains; each sees what it would see on the bus. Only this module imports
pettingzoo and gymnasium, so that nothing else needs to wait for them. Imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from pettingzoo import ParallelEnv

from cnc.environment.assembly import observe_domain
from cnc.environment.decoding import Decoder, masked_softmax
from cnc.environment.infrastructure import Actuation, Infrastructure, Measurement, SlotOutcome
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import Floats, Site, site_of
from cnc.errors import SimulationError, UsageError
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World

END_TO_END = "e2e"
SLOTS = 50
"""As many as the published measurements average over."""
LIMIT = 10.0
"""Bounds of preferences; a share cannot be smaller than exp(-20) of another within them."""


def parallel_env(
    scenario: str = "paper",
    load: float | None = None,
    slots: int = SLOTS,
    world_seed: int = 0,
    flat: bool = False,
) -> NetworkEnvironment:
    """An environment of one world; `reset(seed=…)` chooses the trace.

    Args:
        scenario: name of a shipped scenario, or a YAML file.
        load: nominal requests a slot; None takes the scenario's.
        slots: of an episode, the deployment round before it not counted.
        world_seed: of nodes and services.
        flat: observations and actions are vectors instead of dictionaries.

    Raises:
        ConfigurationError: the scenario is unknown or wrong.
        UsageError: an episode without slots.
    """
    parameters = load_scenario(scenario)
    world = generate_world(parameters, world_seed)
    return NetworkEnvironment(world, parameters.load if load is None else load, slots, flat)


class NetworkEnvironment(ParallelEnv):  # type: ignore[misc]
    """22 agents that decide at once, in each slot; see docs/environment.md.

    The first step of an episode is the deployment round, slot -1: of its actions only replicas
    (and `hosts`) count, and it costs nothing.

    Args:
        world: the world.
        load: nominal requests a slot.
        slots: of an episode.
        flat: observations and actions are vectors instead of dictionaries.

    Raises:
        UsageError: an episode without slots.
    """

    metadata = {"name": "cnc_v0", "render_modes": [], "is_parallelizable": True}  # noqa: RUF012
    render_mode = None

    def __init__(self, world: World, load: float, slots: int = SLOTS, flat: bool = False) -> None:
        if slots < 1:
            raise UsageError(f"an episode has at least one slot, not {slots}")
        self.world, self.load, self.slots, self.flat = world, load, slots, flat
        domains = range(len(world.domain_ids))
        self.sites: dict[str, Site] = {world.domain_ids[at]: site_of(world, at) for at in domains}
        self.possible_agents: list[str] = [END_TO_END, *world.domain_ids]
        self.agents: list[str] = []
        self._decoder = Decoder([world])
        shapes = {agent: self._observed_shapes(agent) for agent in self.possible_agents}
        self._seen_as = {agent: _boxes(shape, 0.0, np.inf) for agent, shape in shapes.items()}
        self._acts_as = {agent: self._action(agent) for agent in self.possible_agents}
        whole = {agent: spaces.flatten_space(each) for agent, each in self._seen_as.items()}
        acts = {agent: spaces.flatten_space(each) for agent, each in self._acts_as.items()}
        self.observation_spaces: dict[str, Any] = whole if flat else self._seen_as
        self.action_spaces: dict[str, Any] = acts if flat else self._acts_as
        self.state_space = whole[END_TO_END]
        self._generator = np.random.default_rng()
        self._infrastructure = Infrastructure(world, 0, load, measure_quality=False)
        self.measured = self._infrastructure.measure()
        """What is known before the current slot, of all; shipped policies decide from it."""
        self._delta = self._nothing()

    # -- spaces ----------------------------------------------------------------------------------

    def observation_space(self, agent: str) -> Any:
        """What an agent sees: non-negative numbers in physical units."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """What an agent may say; see docs/environment.md for how it is decoded."""
        return self.action_spaces[agent]

    def _observed_shapes(self, agent: str) -> dict[str, tuple[int, ...]]:
        world = self.world
        services, classes = len(world.work_gc), len(world.classes)
        if agent == END_TO_END:
            nodes, links = len(world.node_domain), len(world.link_domain)
            own = {"requests": (world.parameters.cells, classes)}
        else:
            site = self.sites[agent]
            nodes, links = len(site.nodes), len(site.links)
            own = {name: (len(site.origins), classes) for name in ("requests", "inflow")}
        return {
            "frame_start": (1,),
            **own,
            **dict.fromkeys(("background", "utilisation", "backlog_gc"), (nodes,)),
            **dict.fromkeys(("ready", "placed"), (services, nodes)),
            **dict.fromkeys(
                ("link_capacity_mbit_s", "link_energy_j_mbit", "link_utilisation"), (links,)
            ),
        }

    def _action(self, agent: str) -> spaces.Dict:
        world = self.world
        services = len(world.work_gc)
        if agent == END_TO_END:
            cells, candidates = world.candidates.shape
            shape = {"distribute": (cells, len(world.classes), candidates)}
            hosts = {"hosts": (len(world.domain_ids), services)}
            return spaces.Dict({**_box(shape, -LIMIT, LIMIT), **_box(hosts, 0.0, 1.0)})
        nodes = (services, len(self.sites[agent].nodes))
        most = float(world.parameters.most_replicas)
        preferred = {"split": nodes, "paths": (services, 2)}
        return spaces.Dict(
            {**_box({"replicas": nodes}, 0.0, most), **_box(preferred, -LIMIT, LIMIT)}
        )

    # -- episodes --------------------------------------------------------------------------------

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin an episode in slot -1.

        Args:
            seed: of the trace; without, the next of a sequence that the last seed has begun.
            options: `load` is another number of requests a slot, from now on.
        """
        if seed is not None:
            self._generator = np.random.default_rng(seed)
        chosen = int(self._generator.integers(2**31)) if seed is None else seed
        self.load = float((options or {}).get("load", self.load))
        self._infrastructure = Infrastructure(self.world, chosen, self.load, measure_quality=False)
        self.measured = self._infrastructure.measure()
        self._delta = self._nothing()
        self.agents = list(self.possible_agents)
        return self._observations(), self._infos(None)

    def _nothing(self) -> Floats:
        cells, candidates = self.world.candidates.shape
        return np.zeros((cells, len(self.world.classes), candidates))

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Any],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Run one slot: observations, rewards, terminations, truncations, infos.

        Raises:
            SimulationError: an agent's action is missing, of a wrong shape, or no number; names
                the agent. Nothing has changed then.
        """
        actuation = self._decode({agent: self._read(agent, actions) for agent in self.agents})
        outcome = self._infrastructure.actuate(actuation)
        if outcome is not None:
            self._delta = actuation.delta
        self.measured = self._infrastructure.measure()
        live = self.agents
        reward = 0.0 if outcome is None else -outcome.cost
        over = self._infrastructure.slot >= self.slots
        results = (
            self._observations(),
            dict.fromkeys(live, reward),
            dict.fromkeys(live, False),
            dict.fromkeys(live, over),
            self._infos(outcome),
        )
        if over:
            self.agents = []
        return results

    def state(self) -> np.ndarray[Any, Any]:
        """What E2E sees, as a vector; for centralised critics."""
        seen = self._observation(END_TO_END, self.measured)
        return np.asarray(spaces.flatten(self._seen_as[END_TO_END], seen))

    def render(self) -> None:
        """Nothing is drawn; `cnc up` shows a running system."""

    def close(self) -> None:
        """Nothing is held open."""

    # -- actions ---------------------------------------------------------------------------------

    def _read(self, agent: str, actions: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """One agent's action with the shapes of its space, in float64."""
        if agent not in actions:
            raise SimulationError(f"agent {agent} has no action; all live agents act in each slot")
        action, space = actions[agent], self._acts_as[agent]
        if self.flat:
            vector = np.asarray(action, dtype=np.float64)
            if vector.shape != self.action_spaces[agent].shape:
                raise SimulationError(
                    f"the action of {agent} has shape {vector.shape}; it is a vector of "
                    f"{self.action_spaces[agent].shape[0]}"
                )
            action = spaces.unflatten(space, vector)
        found = {}
        for name, box in space.spaces.items():
            if name not in action:
                raise SimulationError(f"the action of {agent} lacks {name!r}")
            array = np.asarray(action[name], dtype=np.float64)
            if array.shape != box.shape:
                raise SimulationError(
                    f"{name!r} of {agent} has shape {array.shape}; it must be {box.shape}"
                )
            if np.isnan(array).any() or np.isposinf(array).any():
                raise SimulationError(f"{name!r} of {agent} is not a number in places")
            found[name] = torch.from_numpy(array)
        return found

    def _decode(self, actions: Mapping[str, Mapping[str, torch.Tensor]]) -> Actuation:
        """All agents' preferences as one actuation of what is ready."""
        world, measured = self.world, self.measured
        services, nodes = measured.ready.shape
        split = torch.zeros(services, nodes, dtype=torch.float64)
        wanted = torch.zeros_like(split)
        paths: dict[str, list[torch.Tensor]] = {"terminal": [], "ran": [], "transport": []}
        for agent, site in self.sites.items():
            own = torch.from_numpy(site.nodes)
            split[:, own] = actions[agent]["split"]
            wanted[:, own] = actions[agent]["replicas"]
            both = torch.tensor([True, site.path_links is not None])
            paths[site.kind].append(masked_softmax(actions[agent]["paths"], both))
        ready = torch.from_numpy(measured.ready)[None]
        preferred = actions[END_TO_END]["distribute"]
        replicas = None
        if measured.frame_start:
            allowed = (actions[END_TO_END]["hosts"] >= 0.5)[torch.from_numpy(world.node_domain)].T
            replicas = self._decoder.pack(wanted[None], allowed[None])[0].numpy().astype(np.int64)
        return Actuation(
            delta=self._decoder.distribute(preferred[None], ready)[0].numpy(),
            sigma=self._decoder.split(split[None], ready)[0].numpy(),
            local=torch.stack(paths["terminal"]).numpy(),
            backhaul=torch.stack(paths["ran"]).numpy(),
            core=paths["transport"][0].numpy(),
            replicas=replicas,
        )

    # -- observations and infos --------------------------------------------------------------------

    def _observations(self) -> dict[str, Any]:
        seen = {agent: self._observation(agent, self.measured) for agent in self.agents}
        if not self.flat:
            return seen
        return {a: np.asarray(spaces.flatten(self._seen_as[a], each)) for a, each in seen.items()}

    def _observation(self, agent: str, measured: Measurement) -> dict[str, np.ndarray[Any, Any]]:
        values: Any = measured
        own: dict[str, Any] = {"requests": measured.requests}
        if agent != END_TO_END:
            site = self.sites[agent]
            values = observe_domain(measured, site)
            own = {
                "requests": measured.requests[site.origins],
                "inflow": self._delta[site.origins, :, site.candidate],
            }
        own["frame_start"] = [float(measured.frame_start)]
        return {
            name: np.asarray(own.get(name, getattr(values, name, None)), dtype=np.float32)
            for name in self._seen_as[agent].spaces
        }

    def _infos(self, outcome: SlotOutcome | None) -> dict[str, dict[str, Any]]:
        """The last slot's figures, and what the next actions may use."""
        ready = self.measured.ready > 0
        usable = self._decoder.usable(torch.from_numpy(self.measured.ready)[None])[0].numpy()
        placeable = self._decoder.hostable[0].numpy()
        infos: dict[str, dict[str, Any]] = {}
        for agent in self.agents:
            masks = {"distribute": usable}
            if agent != END_TO_END:
                own = self.sites[agent].nodes
                masks = {"split": ready[:, own], "replicas": placeable[:, own]}
            infos[agent] = {"slot": self.measured.slot, "masks": masks}
            if outcome is not None:
                infos[agent] |= self._figures(agent, outcome)
        return infos

    def _figures(self, agent: str, outcome: SlotOutcome) -> dict[str, float]:
        figures = {
            "energy_j": outcome.energy_j,
            "cost": outcome.cost,
            "requests": outcome.requests,
            "satisfied": outcome.satisfied,
            "satisfied_share": outcome.satisfied_share,
        }
        if agent != END_TO_END:
            site = self.sites[agent]
            nodes = sum(float(each[site.nodes].sum()) for each in outcome.node_energy_j.values())
            figures["own_energy_j"] = nodes + float(outcome.link_energy_j[site.links].sum())
        return figures


def _box(shapes: Mapping[str, tuple[int, ...]], low: float, high: float) -> dict[str, Any]:
    return {name: spaces.Box(low, high, shape, np.float32) for name, shape in shapes.items()}


def _boxes(shapes: Mapping[str, tuple[int, ...]], low: float, high: float) -> spaces.Dict:
    return spaces.Dict(_box(shapes, low, high))
