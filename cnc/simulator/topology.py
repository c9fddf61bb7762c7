"""How domains, nodes, links and routes lie: a ring of cells below one transport domain.

Node order: terminals by cell, RAN by cell, transport. Link order: local (two a cell), radio,
Xn (link i joins R_i and R_(i+1)), backhaul (two a cell), core (two). Route order of an origin:
own terminal, own RAN, R_(i+1), R_(i-1), transport; within, node by node, then path by path.

With one cell the neighbours are the own RAN domain and with two both neighbours are the same;
the routes exist all the same (R_(i+1) over Xn), so that every size has the same 5 candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import (
    BACKHAUL,
    CORE,
    LOCAL,
    RADIO,
    XN,
    Floats,
    Integers,
)


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions and constants; nan marks what the radio decides."""

    node_domain: Integers
    link_domain: Integers
    link_kind: Integers
    link_propagation_s: Floats
    link_capacity_mbit_s: Floats
    link_energy_j_mbit: Floats
    candidates: Integers
    route_node: Integers
    route_candidate: Integers
    route_links: Integers
    route_local: Integers
    route_backhaul: Integers
    route_core: Integers


def lay_out(parameters: ScenarioParameters) -> Layout:
    """Lay out a scenario of any size."""
    cells = parameters.cells
    cell = np.arange(cells)
    per = (parameters.terminal.nodes, parameters.ran.nodes, parameters.transport.nodes)
    node_domain = np.concatenate(
        [
            np.repeat(cell, per[0]),
            np.repeat(cells + cell, per[1]),
            np.repeat([2 * cells], per[2]),
        ]
    )
    kinds = (
        (LOCAL, np.repeat(cell, 2), parameters.local),
        (RADIO, cells + cell, None),
        (XN, cells + cell, (parameters.xn,)),
        (BACKHAUL, np.repeat(cells + cell, 2), parameters.backhaul),
        (CORE, np.array([2 * cells, 2 * cells]), parameters.core),
    )
    domain, kind, constants = [], [], []
    for number, owners, links in kinds:
        domain.append(owners)
        kind.append(np.full(len(owners), number))
        if links is None:
            row = np.array([np.nan, parameters.radio.propagation_s, np.nan])
            constants.append(np.repeat(row[None, :], len(owners), axis=0))
        else:
            rows = np.array([[x.capacity_mbit_s, x.propagation_s, x.energy_j_mbit] for x in links])
            constants.append(np.tile(rows, (len(owners) // len(links), 1)))
    link = np.concatenate(constants)
    _place_links(link, parameters)
    candidates = np.stack(
        [
            cell,
            cells + cell,
            cells + (cell + 1) % cells,
            cells + (cell - 1) % cells,
            np.full(cells, 2 * cells),
        ],
        axis=1,
    )
    return Layout(
        node_domain.astype(np.int64),
        np.concatenate(domain).astype(np.int64),
        np.concatenate(kind).astype(np.int64),
        link[:, 1],
        link[:, 0],
        link[:, 2],
        candidates.astype(np.int64),
        *_routes(cells, per),
    )


def _place_links(link: Floats, parameters: ScenarioParameters) -> None:
    """Set what a real network says of Xn, backhaul and core links, in [L, 3] constants.

    Columns are capacity, propagation, energy; rows are in link order.
    """
    topology, cells = parameters.topology, parameters.cells
    if topology is None:
        return
    xn, backhaul, core = 3 * cells, 4 * cells, 6 * cells
    link[xn:backhaul, 1] = topology.xn_propagation_s
    link[backhaul:core, 1] = np.ravel(topology.backhaul_propagation_s)
    link[core:, 1] = topology.core_propagation_s
    capacity = np.array(topology.backhaul_capacity_mbit_s, dtype=np.float64).ravel()
    link[backhaul:core, 0] = np.where(np.isnan(capacity), link[backhaul:core, 0], capacity)


def _routes(cells: int, per: tuple[int, int, int]) -> tuple[Integers, ...]:
    """Node, candidate, links and parallel-link numbers of every route."""
    cell = np.arange(cells)
    none = np.full(cells, -1)
    first_ran, first_x = cells * per[0], cells * (per[0] + per[1])
    radio, xn = 2 * cells + cell, 3 * cells + cell
    backhaul = 4 * cells + 2 * cell
    core = 6 * cells
    rows: list[tuple[Integers, int, Integers, int, int, int]] = []
    for node in range(per[0]):
        for path in range(2):
            links = np.stack([2 * cell + path, none, none], axis=1)
            rows.append((cell * per[0] + node, 0, links, path, -1, -1))
    for node in range(per[1]):
        links = np.stack([radio, none, none], axis=1)
        rows.append((first_ran + cell * per[1] + node, 1, links, -1, -1, -1))
    for k, step, over in ((2, 1, xn), (3, -1, xn[(cell - 1) % cells])):
        for node in range(per[1]):
            links = np.stack([radio, over, none], axis=1)
            neighbour = (cell + step) % cells
            rows.append((first_ran + neighbour * per[1] + node, k, links, -1, -1, -1))
    for node in range(per[2]):
        for b in range(2):
            for c in range(2):
                links = np.stack([radio, backhaul + b, np.full(cells, core + c)], axis=1)
                rows.append((np.full(cells, first_x + node), 4, links, -1, b, c))
    return (
        np.stack([row[0] for row in rows], axis=1).astype(np.int64),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.stack([row[2] for row in rows], axis=1).astype(np.int64),
        np.array([row[3] for row in rows], dtype=np.int64),
        np.array([row[4] for row in rows], dtype=np.int64),
        np.array([row[5] for row in rows], dtype=np.int64),
    )
