"""Deployment by a linear programme on mean demand, solved by HiGHS.

Variables: flows x[i, c, r] (requests a slot) on admissible routes, work w[s, n] (Gc), replicas
r[s, n] between 0 and the limit, and computing energy p[n] (J). It minimises

    (sum_n p + sum x bits eps + sum keep-alive r) / 8 J - 4 sum x

subject to demand (sum_r x <= n), work (w = sum x c_s), replicas (w <= a kappa r), nodes
(sum_s w <= (a - beta) F), links (bits <= a C), memory (sum_s m r <= M), one replica of every
service in the transport domain, and p >= tangents of g(beta + w / F) - g(beta). Waiting is left
out; a, the comfortable utilisation, stands for it. (Energy, cost and constraints: "Outcome of a
slot" and "Decisions" of docs/system-model.md.)
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from cnc.environment.sites import Booleans, Floats
from cnc.policies.optimal.horizon import Slot
from cnc.simulator.world import TrafficClasses, World

TANGENTS = 6
"""Tangents of each node's energy curve, between its background and full load."""
LEAST_ROOM = 0.02
"""Of a node's capacity, whatever its background: the programme must not lose all of a node."""


@dataclass(frozen=True, eq=False)
class Deployment:
    """A solution."""

    replicas: Floats
    """[S, N], fractional."""
    routing: Floats
    """[D, C, R] shares; rows sum to at most 1."""


def deploy(
    world: World,
    classes: TrafficClasses,
    admissible: Booleans,
    mean: Slot,
    comfort: float,
    limit_s: float,
) -> Deployment | None:
    """The optimum on mean demand; None if HiGHS does not reach it in time or fails.

    Args:
        world: the world.
        classes: its traffic classes.
        admissible: [D, C, R].
        mean: demand, background and links of an average slot.
        comfort: utilisation a that replicas, nodes and links may reach.
        limit_s: wall time of the solver.
    """
    parameters, tau = world.parameters, world.parameters.slot_s
    services, nodes = world.keepalive_w.shape
    full = world.node_capacity_gc_s * tau
    asked = mean.requests[:, :, None] > 0
    origin, group, route = np.nonzero(admissible & asked)
    flows = len(origin)
    node, service = world.route_node[origin, route], classes.service[group]
    size = (classes.uplink_mbit + classes.downlink_mbit)[group]
    along = world.route_links[origin, route]
    flow, hop = np.nonzero(along >= 0)
    link = along[flow, hop]
    pair = service * nodes + node
    pairs = services * nodes
    first_work, first_replica, first_power = flows, flows + pairs, flows + 2 * pairs
    columns = first_power + nodes
    each, on_node = np.arange(pairs), np.tile(np.arange(nodes), services)
    rows = _Rows(columns)
    demand = origin * len(classes) + group
    rows.add(demand, np.arange(flows), np.ones(flows), mean.requests.ravel(), equal=False)
    rows.add(
        np.concatenate([pair, each]),
        np.concatenate([np.arange(flows), first_work + each]),
        np.concatenate([world.work_gc[service], -np.ones(pairs)]),
        np.zeros(pairs),
        equal=True,
    )
    granted = comfort * np.tile(world.node_replica_capacity_gc_s, services) * tau
    rows.add(
        np.concatenate([each, each]),
        np.concatenate([first_work + each, first_replica + each]),
        np.concatenate([np.ones(pairs), -granted]),
        np.zeros(pairs),
        equal=False,
    )
    room = np.maximum(comfort - mean.background, LEAST_ROOM) * full
    rows.add(on_node, first_work + each, np.ones(pairs), room, equal=False)
    held = np.repeat(world.memory_gb, nodes)
    rows.add(on_node, first_replica + each, held, world.node_memory_gb, equal=False)
    rows.add(link, flow, size[flow], comfort * mean.link_capacity_mbit_s * tau, equal=False)
    cloud = each[world.node_domain[on_node] == len(world.domain_ids) - 1]
    rows.add(
        cloud // nodes, first_replica + cloud, -np.ones(len(cloud)), -np.ones(services), equal=False
    )
    for step in range(TANGENTS):
        at = mean.background + (1.0 - mean.background) * step / (TANGENTS - 1)
        slope, offset = _tangent(world, mean.background, at)
        rows.add(
            np.concatenate([on_node, np.arange(nodes)]),
            np.concatenate([first_work + each, first_power + np.arange(nodes)]),
            np.concatenate([(slope / full)[on_node], -np.ones(nodes)]),
            -offset,
            equal=False,
        )
    cost = np.zeros(columns)
    energy = np.zeros(flows)
    np.add.at(energy, flow, size[flow] * mean.link_energy_j_mbit[link])
    cost[:flows] = energy / parameters.reference_j - parameters.penalty
    cost[first_replica:first_power] = world.keepalive_w.ravel() * tau / parameters.reference_j
    cost[first_power:] = 1.0 / parameters.reference_j
    upper = np.full(columns, highspy.kHighsInf)
    upper[first_replica:first_power] = parameters.most_replicas
    usable = np.zeros(pairs, dtype=bool)
    usable[pair] = True
    usable[cloud] = True
    upper[first_replica:first_power][~usable] = 0.0
    found = _solve(rows, cost, upper, limit_s)
    if found is None:
        return None
    routing = np.zeros(admissible.shape)
    routing[origin, group, route] = found[:flows] / mean.requests[origin, group]
    return Deployment(found[first_replica:first_power].reshape(services, nodes), routing)


def _tangent(world: World, background: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Slope [N] (J per utilisation) and offset [N] (J) of g(u) - g(beta) in u - beta, at u."""
    floor = world.parameters.energy_floor
    dynamic = world.node_dynamic_w * world.parameters.slot_s
    slope = dynamic * (floor + 3.0 * (1.0 - floor) * at**2)
    value = dynamic * (
        floor * (at - background) + (1.0 - floor) * (at**3 - np.asarray(background) ** 3)
    )
    return slope, value - slope * (at - background)


class _Rows:
    """Constraints lower <= A x <= upper, put together block by block."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._blocks: list[sparse.csr_array] = []
        self.upper: list[Floats] = []
        self.lower: list[Floats] = []

    def add(
        self,
        row: np.ndarray,
        column: np.ndarray,
        value: Floats,
        most: Floats,
        equal: bool,
    ) -> None:
        """A block of len(most) rows; entries with the same place add up."""
        shape = (len(most), self._columns)
        self._blocks.append(sparse.coo_array((value, (row, column)), shape=shape).tocsr())
        self.upper.append(most)
        self.lower.append(most if equal else np.full(len(most), -highspy.kHighsInf))

    def matrix(self) -> sparse.csr_array:
        """All rows."""
        return sparse.csr_array(sparse.vstack(self._blocks, format="csr"))


class _Quiet(highspy.Highs):
    """HiGHS without its banner, which the constructor prints (it turns on callbacks)."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)


def _solve(rows: _Rows, cost: Floats, upper: Floats, limit_s: float) -> Floats | None:
    """The values of the columns, or None without an optimum."""
    matrix = rows.matrix()
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(cost), matrix.shape[0]
    programme.col_cost_ = cost
    programme.col_lower_, programme.col_upper_ = np.zeros(len(cost)), upper
    programme.row_lower_ = np.concatenate(rows.lower)
    programme.row_upper_ = np.concatenate(rows.upper)
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = matrix.indptr
    programme.a_matrix_.index_ = matrix.indices
    programme.a_matrix_.value_ = matrix.data
    solver = _Quiet()
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", limit_s)
    if solver.passModel(programme) == highspy.HighsStatus.kError:
        return None
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.asarray(solver.getSolution().col_value, dtype=np.float64)
