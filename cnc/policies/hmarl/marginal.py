"""What one more request costs: the marginal slot cost of every route, in closed form.

The difference reward of a small chunk of requests (system model, "Outcome of a slot"): the slot's
cost with it less the cost without it, per request. It is the gradient of the kernel's cost in the
flows, written out, so that agents can work it out from reports without a simulator;
tests/policies/test_hmarl_marginal.py holds it to the kernel.

Works on numpy arrays and torch tensors alike: `xp` is the module. Shapes have any leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A numpy array or a torch tensor."""


@dataclass(frozen=True, eq=False)
class Layout:
    """What does not change between slots. N nodes, L links, D origins, C classes, R routes."""

    capacity_gc_s: Array
    """[…, N]"""
    speed_gc_s: Array
    servers: Array
    """Of one replica."""
    replica_gc_s: Array
    dynamic_w: Array
    fixed_s: Array
    """[…, D*R] latency of a route that depends on nothing: two-way propagation."""
    per_mbit_s: Array
    """[…, D*R] transmission at nominal capacities; None takes those of the slot."""
    work_gc: Array
    """[…, C] of a request."""
    size_mbit: Array
    """[…, C] both ways."""
    deadline_s: Array
    service: Array
    """[C]"""
    to_service: Array
    """[S, C] 1 where the class is of the service."""
    route_node: Array
    """[D*R]"""
    along: Array
    """[D*R, 3] links, L where there is none (or none that is known)."""
    onto_node: Array
    """[D*R, N] 1 where a route ends at a node."""
    onto_link: Array
    """[D*R, L] 1 where a route uses a link."""
    route_choice: Array
    """[D*R] position in D x (K + 1) of the origin and candidate; the last choice is unserved."""
    onto_choice: Array
    """[D*R, D x (K + 1)]"""
    choices: int
    """Of an origin, K + 1."""
    route_side: Array
    """[D*R, 2] up to two sides of pairs of parallel links (2 x pair + side); 2 G where none."""
    onto_side: Array
    """[D*R, 2 G]"""
    weight: Array
    """[D*R] part of a choice's traffic on a node that takes this route, beside the pairs."""
    onto_domain: Array
    """[N, domains]"""
    energy_floor: float
    clip: float
    unit_j: float
    penalty: float
    slot_s: float


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is known of a slot."""

    background: Array
    """[…, N]"""
    backlog_gc: Array
    """[…, N]"""
    ready: Array
    """[…, S, N]"""
    link_mbit_s: Array
    """[…, L]"""
    link_j_mbit: Array
    """[…, L]"""


@dataclass(frozen=True, eq=False)
class Marginal:
    """Per class and route […, C, D*R], in units of cost a request, and what it is made of."""

    total: Array
    energy: Array
    unsatisfied: Array
    """Of the request itself."""
    others: Array
    """What it takes from the others on nodes and links."""
    utilisation: Array
    """[…, N]"""
    pressure: Array
    """[…, C, N] the larger of node's and replicas' utilisation."""
    link_load: Array
    """[…, L]"""


def padded(xp: ModuleType, per_link: Array, value: float) -> Array:
    """[…, L] to [..., L + 1] with what counts where there is no link."""
    edge = xp.ones_like(per_link[..., :1]) * value
    return xp.concatenate([per_link, edge], -1)


def in_time(
    xp: ModuleType, slack: Array, pressure: Array, exponent: Array, rate: Array
) -> tuple[Array, Array, Array]:
    """The share served in time, and how fast it falls with pressure and with latency.

    Args:
        xp: numpy or torch.
        slack: s.
        pressure: utilisation, at most the clip.
        exponent: of the wait probability.
        rate: 1/s, of all servers, without load.
    """
    waiting = xp.exp(exponent * xp.log(pressure.clip(min=1e-9)))
    free = 1.0 - pressure
    room = slack.clip(min=0.0) * rate
    tail = waiting * xp.exp(-room * free)
    there = (slack > 0) * 1.0
    share = (1.0 - tail) * there
    by_pressure = tail * (exponent / pressure.clip(min=1e-3) + room) * there
    by_latency = tail * rate * free * there
    return share, by_pressure, by_latency


def marginal_cost(
    xp: ModuleType, layout: Layout, now: Conditions, requests: Array, routing: Array
) -> Marginal:
    """The marginal cost of each class on each route.

    Args:
        xp: numpy or torch.
        layout: of the world or worlds.
        now: the slot.
        requests: […, C, D*R] requests of the route's origin, in both senses: those that could
            come and, times the routing, those that do.
        routing: […, C, D*R] y.
    """
    tau, unit, penalty = layout.slot_s, layout.unit_j, layout.penalty
    flow = requests * routing
    work_gc, size = layout.work_gc[..., None], layout.size_mbit[..., None]
    # -- loads
    on_node = flow @ layout.onto_node
    per_class_gc = on_node * work_gc
    work = layout.to_service @ per_class_gc
    total = work.sum(-2)
    capacity = layout.capacity_gc_s
    own = (total + now.backlog_gc) / (capacity * tau)
    rho = now.background + own
    granted = layout.replica_gc_s[..., None, :] * now.ready * tau
    rho_replica = work / granted.clip(min=1e-6)
    bits = (flow * size).sum(-2) @ layout.onto_link
    counts = flow.sum(-2) @ layout.onto_link
    mean_size = bits / counts.clip(min=1e-9)
    link = now.link_mbit_s
    load = bits / (link * tau)
    # -- what a route meets
    clipped = load.clip(max=layout.clip)
    wait = clipped / (2.0 * (1.0 - clipped)) * mean_size / link
    fixed = layout.fixed_s + padded(xp, wait, 0.0)[..., layout.along].sum(-1)
    per_mbit = layout.per_mbit_s
    if per_mbit is None:
        per_mbit = padded(xp, 1.0 / link, 0.0)[..., layout.along].sum(-1)
    queue = now.backlog_gc / (capacity * (1.0 - now.background))
    pressure = xp.maximum(rho_replica, rho[..., None, :] + 0.0 * rho_replica)
    held = (pressure < layout.clip) * 1.0
    clipped_pressure = pressure.clip(max=layout.clip)
    servers = layout.servers[..., None, :] * now.ready
    exponent = xp.sqrt(2.0 * (servers + 1.0)) - 1.0
    service = layout.service
    rate = (servers * layout.speed_gc_s[..., None, :])[..., service, :] / work_gc
    processing = work_gc / layout.speed_gc_s[..., None, :] + queue[..., None, :]
    node = layout.route_node
    slack = (
        layout.deadline_s[..., None]
        - fixed[..., None, :]
        - size * per_mbit[..., None, :]
        - processing[..., node]
    )
    share, by_pressure, by_latency = in_time(
        xp,
        slack,
        clipped_pressure[..., service, :][..., node],
        exponent[..., service, :][..., node],
        rate[..., node],
    )
    spare = 1.0 - now.background
    node_kept = (spare / xp.maximum(own, spare))[..., None, :] / rho_replica.clip(min=1.0)
    link_kept = 1.0 / load.clip(min=1.0)
    along_kept = padded(xp, link_kept, 1.0)[..., layout.along]
    path_kept = along_kept[..., 0]
    for column in range(1, layout.along.shape[-1]):
        path_kept = path_kept * along_kept[..., column]
    kept = node_kept[..., service, :][..., node] * path_kept[..., None, :]
    met = share * kept
    # -- energy of one more request
    slope = layout.energy_floor + 3.0 * (1.0 - layout.energy_floor) * rho.clip(max=1.0) ** 2
    per_gc = layout.dynamic_w / capacity * slope / unit
    j_mbit = padded(xp, now.link_j_mbit, 0.0)[..., layout.along].sum(-1) / unit
    node_energy = work_gc * per_gc[..., None, :]
    energy = node_energy[..., node] + size * j_mbit[..., None, :]
    # -- what it takes from the others
    by_node = rho[..., None, :] >= rho_replica
    lost = (flow * by_pressure * kept) @ layout.onto_node
    lost_service = layout.to_service @ lost * held
    at_node = xp.where(by_node, lost_service, 0.0 * lost_service).sum(-2) / (capacity * tau)
    at_replica = xp.where(by_node, 0.0 * lost_service, lost_service) / granted.clip(min=1e-6)
    served = layout.to_service @ ((flow * met) @ layout.onto_node)
    full = (own > spare) * 1.0
    at_node = at_node + full / own.clip(min=1e-6) * served.sum(-2) / (capacity * tau)
    overfull = (rho_replica > 1.0) * 1.0
    at_replica = at_replica + overfull * served / rho_replica.clip(min=1.0) / granted.clip(min=1e-6)
    node_others = penalty * work_gc * (at_node[..., None, :] + at_replica)[..., service, :]
    late = (flow * by_latency * kept).sum(-2) @ layout.onto_link
    wait_slope = 0.5 / (1.0 - clipped) ** 2 * mean_size / link * (load < layout.clip)
    on_bits = (flow * met).sum(-2) @ layout.onto_link
    choked = (load > 1.0) * on_bits / load.clip(min=1.0)
    per_load = penalty * (late * wait_slope + choked) / (link * tau)
    link_others = padded(xp, per_load, 0.0)[..., layout.along].sum(-1)
    others = node_others[..., node] + size * link_others[..., None, :]
    unsatisfied = penalty * (1.0 - met)
    return Marginal(
        total=energy + unsatisfied + others,
        energy=energy,
        unsatisfied=unsatisfied,
        others=others,
        utilisation=rho,
        pressure=pressure[..., service, :],
        link_load=load,
    )
