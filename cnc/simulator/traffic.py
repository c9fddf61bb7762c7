"""Exogenous processes: requests, radio, and the load of others, slot by slot.

Each process draws from a stream of its own, so that another load changes nothing but the
requests, and one trace can be replayed for every policy (docs/system-model.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnc.errors import SimulationError
from cnc.simulator.generator import radio_capacity_mbit_s
from cnc.simulator.inputs import RequestTrace
from cnc.simulator.parameters import HotspotParameters
from cnc.simulator.world import BACKHAUL, CORE, RADIO, XN, Floats, World

STREAMS = ("hotspot", "requests", "radio", "nodes", "links")


@dataclass(frozen=True, eq=False)
class Exogenous:
    """What the world brings in one slot."""

    slot: int
    requests: Floats
    """[D, S] counts."""
    node_background: Floats
    """[N] beta"""
    link_capacity_mbit_s: Floats
    """[L]"""
    link_energy_j_mbit: Floats
    """[L]"""
    hotspot_weights: Floats
    """[D]"""
    snr_db: Floats
    """[D]"""


@dataclass(frozen=True, eq=False)
class Trace:
    """Consecutive slots, stacked along the first axis [T, …]."""

    requests: Floats
    node_background: Floats
    link_capacity_mbit_s: Floats
    link_energy_j_mbit: Floats
    hotspot_weights: Floats
    snr_db: Floats


class TrafficGenerator:
    """Endless, deterministic slots of one world.

    Args:
        world: the world.
        seed: of the trace.
        load: nominal requests a slot (Nbar), at least 0.

    Raises:
        SimulationError: a negative load, or one that is no number.
    """

    def __init__(self, world: World, seed: int, load: float) -> None:
        if not np.isfinite(load) or load < 0:
            raise SimulationError(f"the load is {load}; it must be a number of at least 0")
        self._world = world
        self._load = load
        parameters = world.parameters
        children = np.random.SeedSequence([seed, 0x7AFF]).spawn(len(STREAMS))
        self._streams = {
            name: np.random.default_rng(child)
            for name, child in zip(STREAMS, children, strict=True)
        }
        cells = parameters.cells
        self._slot = 0
        self._centre = int(self._streams["hotspot"].integers(cells))
        radio = parameters.radio
        stream = self._streams["radio"]
        self._snr_mean = stream.uniform(radio.snr_mean_db.low, radio.snr_mean_db.high, cells)
        self._snr = stream.standard_normal(cells)
        self._node_noise = self._streams["nodes"].standard_normal(len(world.node_domain))
        self._shared = np.isin(world.link_kind, (XN, BACKHAUL, CORE))
        self._link_noise = self._streams["links"].standard_normal(int(self._shared.sum()))
        self._node_mean = mean_background(world)

    @property
    def hotspot_weights(self) -> Floats:
        """[D] weights of the origins at this moment."""
        parameters = self._world.parameters
        weights = hotspot_weights(parameters.hotspot, self._centre, self._cells)
        if parameters.topology is not None:
            weights = weights * np.array(parameters.topology.origin_weights)
        return weights

    @property
    def _cells(self) -> int:
        return self._world.parameters.cells

    def expected_requests(self, weights: Floats) -> Floats:
        """[D, S] mean counts of a slot under these origin weights."""
        share = weights / weights.sum()
        return np.asarray(self._load * share[:, None] * self._world.popularity[None, :])

    def next(self) -> Exogenous:
        """The next slot."""
        parameters = self._world.parameters
        slot = self._slot
        if slot > 0:
            self._advance(slot)
        weights = self.hotspot_weights
        capacity, energy = self._links()
        background = np.clip(
            self._node_mean + parameters.background.deviation * self._node_noise,
            0.0,
            parameters.background.most,
        )
        self._slot += 1
        return Exogenous(
            slot=slot,
            requests=self._requests(weights, slot),
            node_background=background,
            link_capacity_mbit_s=capacity,
            link_energy_j_mbit=energy,
            hotspot_weights=weights,
            snr_db=self._snr_mean + parameters.radio.snr_deviation_db * self._snr,
        )

    def _advance(self, slot: int) -> None:
        parameters = self._world.parameters
        if slot % parameters.frame_slots == 0:
            stream = self._streams["hotspot"]
            moves, step = stream.random(), int(stream.integers(2)) * 2 - 1
            if moves < parameters.hotspot.move_probability:
                self._centre = (self._centre + step) % self._cells
        radio, background = parameters.radio, parameters.background
        self._snr = _autoregress(self._snr, radio.snr_memory, self._streams["radio"])
        self._node_noise = _autoregress(self._node_noise, background.memory, self._streams["nodes"])
        self._link_noise = _autoregress(self._link_noise, background.memory, self._streams["links"])

    def _requests(self, weights: Floats, slot: int) -> Floats:
        if self._world.parameters.traffic is not None:
            return self._replayed(self._world.parameters.traffic, weights, slot)
        jitter = self._world.parameters.load_jitter
        stream = self._streams["requests"]
        total = round(self._load * stream.uniform(1.0 - jitter, 1.0 + jitter))
        share = (weights / weights.sum())[:, None] * self._world.popularity[None, :]
        flat = share.ravel() / share.sum()
        return stream.multinomial(total, flat).reshape(share.shape).astype(np.float64)

    def _replayed(self, trace: RequestTrace, weights: Floats, slot: int) -> Floats:
        """[D, S] requests of a trace's slot, in proportion to load / mean load of the trace.

        Parts of a request are rounded at random. The service within a class and the origin are
        drawn.
        """
        stream, world = self._streams["requests"], self._world
        wanted = trace.at(slot) * (self._load / trace.mean)
        whole = np.floor(wanted + 1e-9)
        counts = (whole + (stream.random(len(wanted)) < wanted - whole)).astype(np.int64)
        if trace.columns == "class":
            services = np.zeros(len(world.popularity), dtype=np.int64)
            for kind, count in enumerate(counts):
                inside = np.flatnonzero(world.service_class == kind)
                share = world.popularity[inside] / world.popularity[inside].sum()
                services[inside] = stream.multinomial(count, share)
            counts = services
        spread = stream.multinomial(counts, weights / weights.sum())
        return np.asarray(spread.T, dtype=np.float64)

    def _links(self) -> tuple[Floats, Floats]:
        world, parameters = self._world, self._world.parameters
        capacity = world.link_nominal_capacity_mbit_s.copy()
        energy = world.link_nominal_energy_j_mbit.copy()
        background = parameters.background
        taken = np.clip(
            background.link_mean + background.deviation * self._link_noise, 0.0, background.most
        )
        capacity[self._shared] *= 1.0 - taken
        radio = world.link_kind == RADIO
        snr = self._snr_mean + parameters.radio.snr_deviation_db * self._snr
        capacity[radio] = radio_capacity_mbit_s(parameters, snr)
        energy[radio] = parameters.radio.power_w / capacity[radio]
        return capacity, energy

    def snapshot(self) -> dict[str, Any]:
        """The state from which `restore` goes on with the same numbers."""
        return {
            "slot": self._slot,
            "centre": self._centre,
            "snr": self._snr.tolist(),
            "nodes": self._node_noise.tolist(),
            "links": self._link_noise.tolist(),
            "streams": {name: s.bit_generator.state for name, s in self._streams.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on where a snapshot was taken."""
        self._slot, self._centre = int(snapshot["slot"]), int(snapshot["centre"])
        self._snr = np.array(snapshot["snr"])
        self._node_noise = np.array(snapshot["nodes"])
        self._link_noise = np.array(snapshot["links"])
        for name, state in snapshot["streams"].items():
            self._streams[name].bit_generator.state = state


def _autoregress(value: Floats, memory: float, stream: np.random.Generator) -> Floats:
    """AR(1) with stationary deviation 1."""
    fresh = stream.standard_normal(len(value))
    return np.asarray(memory * value + np.sqrt(1.0 - memory**2) * fresh)


def mean_background(world: World) -> Floats:
    """[N] what is known of the nodes' background before anything has been measured."""
    parameters = world.parameters
    tiers = (parameters.terminal, parameters.ran, parameters.transport)
    kind = np.minimum(world.node_domain // parameters.cells, 2)
    return np.array([tier.background_mean for tier in tiers], dtype=np.float64)[kind]


def hotspot_weights(parameters: HotspotParameters, centre: int, cells: int) -> Floats:
    """[D] centre, its two neighbours on the ring, the others."""
    weights = np.full(cells, parameters.other)
    weights[(centre - 1) % cells] = parameters.neighbour
    weights[(centre + 1) % cells] = parameters.neighbour
    weights[centre] = parameters.centre
    return weights


def trace(world: World, seed: int, load: float, slots: int) -> Trace:
    """The first slots of a generator, stacked.

    Raises:
        SimulationError: a load that `TrafficGenerator` refuses, or fewer than one slot.
    """
    if slots < 1:
        raise SimulationError(f"a trace has at least one slot, not {slots}")
    generator = TrafficGenerator(world, seed, load)
    each = [generator.next() for _ in range(slots)]
    return Trace(
        requests=np.stack([x.requests for x in each]),
        node_background=np.stack([x.node_background for x in each]),
        link_capacity_mbit_s=np.stack([x.link_capacity_mbit_s for x in each]),
        link_energy_j_mbit=np.stack([x.link_energy_j_mbit for x in each]),
        hotspot_weights=np.stack([x.hotspot_weights for x in each]),
        snr_db=np.stack([x.snr_db for x in each]),
    )
