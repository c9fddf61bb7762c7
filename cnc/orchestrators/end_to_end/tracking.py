"""Where a running intent is served: E2E's shares with the domains' own choice of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from cnc.environment.sites import Floats
from cnc.messages.intents import Placement
from cnc.messages.percent import percent
from cnc.messages.reports import DomainReport
from cnc.messages.telemetry import ClassQuality
from cnc.orchestrators.end_to_end.record import IntentRecord
from cnc.simulator.world import World

LEAST_SHARE = 0.0005
"""Smaller parts are not listed."""


class QualitySource(Protocol):
    """Where the desk reads measurements."""

    def qualities(self, slot: int, traffic_class: int) -> list[ClassQuality]:
        """What each origin's users of a class got."""
        ...

    def reports_at(self, slot: int) -> dict[int, DomainReport]:
        """The reports of one slot."""
        ...


def actual_placements(
    world: World,
    record: IntentRecord,
    delta: Floats,
    reports: Mapping[int, DomainReport],
    node_names: Sequence[str],
) -> tuple[Placement, ...]:
    """Placements as the domains report them, the largest first; empty before they do.

    Args:
        world: inventory.
        record: the intent, with its class and demand.
        delta: [D, C, K] shares that E2E gives now.
        reports: of the slot, by domain.
        node_names: by position in the world.
    """
    assert record.demand is not None and record.traffic_class is not None
    c, demand = record.traffic_class, record.demand.requests
    if c >= delta.shape[1]:
        return ()
    total = float(demand.sum())
    rows: list[Placement] = []
    for domain, report in reports.items():
        choice = next((x for x in report.choices if x.traffic_class == c), None)
        if choice is None:
            continue
        inflow = 0.0
        for k in range(delta.shape[2]):
            here = world.candidates[:, k] == domain
            inflow += float((delta[here, c, k] * demand[here]).sum())
        paths = path_text(report, choice.paths)
        for node, share in zip(world.nodes_of(domain).tolist(), choice.nodes, strict=True):
            part = share * inflow / total
            if part >= LEAST_SHARE:
                rows.append(
                    Placement(
                        domain=report.domain,
                        node=node_names[node],
                        path=paths,
                        share=min(1.0, part),
                    )
                )
    return tuple(sorted(rows, key=lambda row: -row.share))


def path_text(report: DomainReport, paths: Sequence[float]) -> str:
    """The way into a domain, with the shares of the parallel links that it decides.

    The backhaul of transport is each origin's RAN domain's to split, so it stays unnamed.
    """
    if report.domain_kind == "ran":
        return "radio"
    word = {"terminal": "local", "transport": "core"}[report.domain_kind]
    names = [link.link.split(":")[-1] for link in report.links]
    pair = [name for name in names if name.startswith(word)]
    if len(pair) != 2:
        return " > ".join(pair)
    prefix = "" if report.domain_kind == "terminal" else "radio > backhaul > "
    return prefix + " / ".join(
        f"{name} {percent(share, 0)}" for name, share in zip(pair, paths, strict=True)
    )
