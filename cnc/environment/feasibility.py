"""Scenarios that nobody could run, found before anything starts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnc.simulator.generator import NOMINAL_SNR_DB, radio_capacity_mbit_s
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.topology import lay_out

Problem = tuple[tuple[Any, ...], str]
"""The field that would have to change, and why."""


def first_problem(parameters: ScenarioParameters) -> Problem | None:
    """What makes a scenario impossible, however its world is drawn; None where nothing does."""
    return _transport_holds_all(parameters) or _somewhere_in_time(parameters)


def _transport_holds_all(parameters: ScenarioParameters) -> Problem | None:
    """One replica of every service must fit the transport domain, however they are drawn."""
    per_class = [c.memory_gb.high for c in parameters.service_classes]
    triples, rest = divmod(parameters.services, 3)
    need = triples * sum(per_class) + sum(sorted(per_class)[3 - rest :] if rest else [])
    largest, transport = max(per_class), parameters.transport
    spare = (transport.nodes - 1) * largest
    if transport.memory_gb >= largest and transport.nodes * transport.memory_gb >= need + spare:
        return None
    enough = max(largest, (need + spare) / transport.nodes)
    return ("transport", "memory_gb"), (
        f"the transport domain keeps one replica of each service, which may need {need:g} GB "
        f"in all and {largest:g} GB each; {transport.nodes} nodes of "
        f"{transport.memory_gb:g} GB may not hold them. Give each {math.ceil(enough)} GB, add "
        "nodes, or offer fewer services"
    )


def _somewhere_in_time(parameters: ScenarioParameters) -> Problem | None:
    """The easiest request of each class must reach some node in time when nobody else is there."""
    layout = lay_out(parameters)
    radio = float(radio_capacity_mbit_s(parameters, np.array(NOMINAL_SNR_DB)))
    capacity = np.where(np.isnan(layout.link_capacity_mbit_s), radio, layout.link_capacity_mbit_s)
    on_the_way = np.append(2.0 * layout.link_propagation_s, 0.0)[layout.route_links].sum(axis=-1)
    per_mbit = np.append(1.0 / capacity, 0.0)[layout.route_links].sum(axis=-1)
    tiers = (parameters.terminal, parameters.ran, parameters.transport)
    fastest = np.array([min(t.speed_gc_s.high, t.capacity_gc_s.high) for t in tiers])
    speed = fastest[np.array([0, 1, 1, 1, 2])[layout.route_candidate]]
    found: list[Problem] = []
    for number, kind in enumerate(parameters.service_classes):
        size = (1.0 + parameters.downlink_share) * kind.uplink_mbit.low
        best = float((on_the_way + size * per_mbit + kind.work_gc.low / speed).min())
        if best >= kind.deadline_s.high:
            message = (
                f"no request of this class can be in time: the smallest one takes {best:.4g} s on "
                f"the fastest way to the fastest node, and the latest deadline is "
                f"{kind.deadline_s.high:g} s. Allow more time, or make nodes or links faster"
            )
            found.append((("service_classes", number, "deadline_s"), message))
    undrawn = max(0, len(parameters.service_classes) - parameters.services)
    return found[0] if len(found) > undrawn else None
