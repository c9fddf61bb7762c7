"""Impossible actuations are refused with what is wrong, before they reach the simulator."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure, Measurement
from cnc.environment.sites import Site
from cnc.environment.views import order_for
from cnc.errors import MessageError
from cnc.messages.telemetry import DomainActuation
from cnc.processes.actuation_check import checked_part
from cnc.processes.blueprint import Blueprint, SystemConfig


@cache
def situation() -> tuple[Site, Measurement, DomainActuation]:
    """A RAN domain before slot -1, and a good actuation of it."""
    blueprint = Blueprint(SystemConfig(broker="", scenario="small"))
    site = blueprint.site("ran-1")
    measured = Infrastructure(blueprint.world, 0, 90.0).measure()
    observation = observe_all(measured, blueprint.world)
    shape = (*measured.requests.shape, blueprint.world.candidates.shape[1])
    order = order_for(site, observation, np.full(shape, 0.2), None)
    services, nodes = len(site.work_gc), len(site.nodes)
    replicas = np.zeros((services, nodes), dtype=int)
    replicas[0, 0] = 1
    good = DomainActuation(
        domain=site.domain,
        replicas=tuple(map(tuple, replicas.tolist())),
        split=tuple((0.0,) * nodes for _ in range(services)),
        paths=((0.5, 0.5),) * services,
        inflow=tuple(map(tuple, order.inflow.tolist())),
    )
    return site, measured, good


def changed(name: str, row: int, column: int, value: float) -> DomainActuation:
    _, _, good = situation()
    rows = [list(r) for r in getattr(good, name)]
    rows[row][column] = value
    return good.model_copy(update={name: tuple(map(tuple, rows))})


def test_a_good_actuation_passes() -> None:
    site, measured, good = situation()
    part = checked_part(site, measured, good)
    assert part.replicas is not None and part.replicas[0, 0] == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("split", 1.0, "no ready replica"),
        ("split", -0.5, "negative"),
        ("split", 1.5, "more than 1"),
        ("paths", 0.9, "more than 1"),
        ("inflow", -1.0, "negative"),
        ("replicas", 9, "outside 0 to 8"),
        ("replicas", -1, "outside 0 to 8"),
    ],
)
def test_shares_and_counts_out_of_range_are_refused(name: str, value: float, words: str) -> None:
    site, measured, _ = situation()
    with pytest.raises(MessageError, match=words):
        checked_part(site, measured, changed(name, 1, 1, value))


def test_replicas_beyond_memory_are_refused_and_name_the_node() -> None:
    site, measured, good = situation()
    replicas = [[8] + [0] * (len(site.nodes) - 1) for _ in site.work_gc]
    full = good.model_copy(update={"replicas": tuple(map(tuple, replicas))})
    with pytest.raises(MessageError, match=r"ran-1/node-0 has 10 GB"):
        checked_part(site, measured, full)


@pytest.mark.parametrize("name", ["split", "paths", "inflow", "replicas"])
def test_another_shape_is_refused(name: str) -> None:
    site, measured, good = situation()
    short = good.model_copy(update={name: getattr(good, name)[:-1]})
    with pytest.raises(MessageError, match="shape"):
        checked_part(site, measured, short)


def test_replicas_outside_a_frame_start_are_refused() -> None:
    site, measured, good = situation()
    later: Any = replace(measured, frame_start=False, slot=3)
    with pytest.raises(MessageError, match="frame starts only"):
        checked_part(site, later, good)
