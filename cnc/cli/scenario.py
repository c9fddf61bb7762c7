"""`cnc scenario`: what a scenario holds, in figures and as a map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.options import Common, Json
from cnc.cli.output import console, emit, escaped, notice
from cnc.cli.waiting import waiting
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.environment.topologies.placing import PlacedTopology
    from cnc.simulator.parameters import ScenarioParameters

HELP = """Scenarios: list what ships, show one or a file of your own.

Example: cnc scenario show germany50
"""


def list_scenarios(context: typer.Context, json_output: Json = False) -> None:
    """List the scenarios that ship.

    Example: cnc scenario list
    """
    from cnc.environment.scenario import load_scenario, scenario_names

    found = [_sizes(load_scenario(name)) for name in scenario_names()]
    if Common(context).json(json_output):
        for document in found:
            emit(document)
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("scenario")
    for name in ("domains", "cells", "nodes", "links", "services", "load"):
        table.add_column(name, justify="right")
    table.add_column("network", overflow="fold")
    for document in found:
        keys = ("domains", "cells", "nodes", "links", "services")
        network = (document["topology"] or "—").removeprefix("topohub ")
        figures = (str(document[key]) for key in keys)
        table.add_row(document["name"], *figures, f"{document['load']:g}", network)
    console().print(table)


def show(
    context: typer.Context,
    scenario: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="Shipped scenario or YAML file.")
    ],
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            help="Also draw the map: cells, data centres, backhaul paths (.png, .svg, .pdf).",
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """Check a scenario and show its cells, links and latencies.

    Example: cnc scenario show germany50 --picture germany50.png
    """
    from cnc.environment.scenario import load_areas, load_placed

    parameters, placed = load_placed(scenario)
    if picture is not None:
        if placed is None:
            raise UsageError(
                f"scenario {parameters.name} has no map: its transport network is the model's own. "
                "Scenarios with a `topology` have one, such as germany50"
            )
        from cnc.cli.scenario_map import draw_map

        with waiting("drawing"):
            draw_map(placed, parameters.name, picture)
        notice(f"the map is in {picture}")
    document = scenario_document(parameters, placed)
    document["areas"] = [area.model_dump() for area in load_areas(scenario).areas]
    if Common(context).json(json_output):
        emit(document)
    else:
        _print(document)


COMMANDS: dict[str, Callable[..., None]] = {"list": list_scenarios, "show": show}


def _sizes(parameters: ScenarioParameters) -> dict[str, Any]:
    cells = parameters.cells
    tiers = (parameters.terminal.nodes, parameters.ran.nodes, parameters.transport.nodes)
    return {
        "name": parameters.name,
        "domains": 2 * cells + 1,
        "cells": cells,
        "nodes": cells * (tiers[0] + tiers[1]) + tiers[2],
        "links": 6 * cells + 2,
        "services": parameters.services,
        "load": parameters.load,
        "topology": parameters.topology.label if parameters.topology else None,
    }


def scenario_document(
    parameters: ScenarioParameters, placed: PlacedTopology | None
) -> dict[str, Any]:
    """What `cnc scenario show --json` says (docs/cli.md)."""
    from cnc.simulator.topology import lay_out
    from cnc.simulator.world import BACKHAUL, CORE, XN

    layout, topology = lay_out(parameters), parameters.topology

    def links(kind: int) -> list[dict[str, Any]]:
        return [
            {
                "propagation_ms": round(float(layout.link_propagation_s[at]) * 1e3, 4),
                "capacity_mbit_s": round(float(layout.link_capacity_mbit_s[at]), 3),
            }
            for at in (layout.link_kind == kind).nonzero()[0]
        ]

    xn, backhaul = links(XN), links(BACKHAUL)
    cells = []
    for at in range(parameters.cells):
        cell: dict[str, Any] = {"domain": f"ran-{at}"}
        ways = [dict(way) for way in backhaul[2 * at : 2 * at + 2]]
        if topology is not None and placed is not None:
            there = placed.cells[at]
            names = [node.name for node in placed.graph.nodes]
            cell |= {
                "place": there.name,
                "x": there.x,
                "y": there.y,
                "weight": round(there.weight, 4),
            }
            if placed.graph.nodes[there.node].name != there.name:
                cell |= {"attached_to": names[there.node], "access_km": round(there.access_km, 2)}
            for way, path in zip(ways, there.paths or (), strict=False):
                way |= {
                    "to": names[path.end],
                    "km": round(path.length_km + there.access_km, 2),
                    "via": [names[node] for node in path.nodes],
                }
        cells.append(cell | {"backhaul": ways, "xn_to_next": xn[at]})
    trace = parameters.traffic
    return {
        **_sizes(parameters),
        "topology": None
        if placed is None
        else {
            "source": placed.graph.label,
            "nodes": len(placed.graph.nodes),
            "links": len(placed.graph.links),
            "geographic": placed.graph.geographic,
            "data_centres": [placed.graph.nodes[site].name for site in placed.data_centres],
            "notes": list(placed.graph.notes),
        },
        "traffic": None
        if trace is None
        else {
            "source": trace.label,
            "slots": trace.slots,
            "requests": int(trace.counts().sum()),
            "mean_requests": round(trace.mean, 3),
            "told_by": trace.columns,
            "repeat": trace.repeat,
        },
        "core": links(CORE),
        "cell": cells,
    }


def _print(document: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    out = console()
    out.print(
        f"[bold]{escaped(document['name'])}[/]: {document['domains']} domains, "
        f"{document['cells']} cells, {document['nodes']} nodes, {document['links']} links, "
        f"{document['services']} services, {document['load']:g} requests a slot"
    )
    topology, trace = document["topology"], document["traffic"]
    if topology is None and document["areas"]:
        named = (f"{area['name']} ({', '.join(area['domains'])})" for area in document["areas"])
        out.print(f"areas: {escaped(', '.join(named))}")
    if topology is not None:
        sites = ", ".join(map(escaped, topology["data_centres"]))
        out.print(
            f"network {escaped(topology['source'])}: {topology['nodes']} nodes, "
            f"{topology['links']} links; data centres at {sites}"
        )
    if trace is not None:
        again = ", then anew" if trace["repeat"] else ""
        out.print(
            f"requests from {escaped(trace['source'])}: {trace['requests']} in {trace['slots']} "
            f"slots{again}, by {trace['told_by']}"
        )
    for kind, links in (("core", document["core"]), ("Xn", [document["cell"][0]["xn_to_next"]])):
        rates = " and ".join(f"{link['capacity_mbit_s']:g}" for link in links)
        ways = " and ".join(f"{link['propagation_ms']:.2f}" for link in links)
        out.print(f"{kind}: {rates} Mbit/s" + (f", {ways} ms one way" if kind == "core" else ""))
    rates_of = [tuple(w["capacity_mbit_s"] for w in cell["backhaul"]) for cell in document["cell"]]
    alike = len(set(rates_of)) == 1
    if alike:
        out.print(
            f"backhaul, two ways to X: {' and '.join(f'{rate:g}' for rate in rates_of[0])} Mbit/s"
        )
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("cell")
    if topology is not None:
        table.add_column("place", overflow="fold")
        table.add_column("weight", justify="right")
    for name in ("1st", "2nd"):
        table.add_column(f"{name}, ms", justify="right")
        if not alike:
            table.add_column("Mbit/s", justify="right")
        if topology is not None:
            table.add_column("to", overflow="fold")
    table.add_column("Xn, ms", justify="right")
    for cell in document["cell"]:
        row = [cell["domain"]]
        if topology is not None:
            row += [escaped(cell["place"]), f"{cell['weight']:.2f}"]
        for way in cell["backhaul"]:
            row.append(f"{way['propagation_ms']:.2f}")
            row += [] if alike else [f"{way['capacity_mbit_s']:g}"]
            row += [] if topology is None else [escaped(way["to"])]
        table.add_row(*row, f"{cell['xn_to_next']['propagation_ms']:.2f}")
    out.print(table)
