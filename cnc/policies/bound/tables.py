"""What the bound needs of a window, worked out once: everything but the multipliers.

Axes: T slots, C classes, n nodes of a group, A origins, P routes, K brackets of replicas, J levels
of utilisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnc.policies.bound.reach import NodeGroup, node_groups
from cnc.simulator.world import Floats, World

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class GroupTable:
    """One group of nodes in a window."""

    group: NodeGroup
    in_time: Tensor
    """[T, C, n, A, P, K, J] the most of a request that can be satisfied."""
    asked: Tensor
    """[T, C, n, A] requests."""
    grant_gc: Tensor
    """[n, K] work that a bracket's replicas can do in a slot."""
    fits: Tensor
    """[C, n, K] whether the memory holds the bracket's fewest replicas."""
    background: Tensor
    """[T, n]"""
    least: Tensor
    """[T, n, J] utilisation at the lower edge of a level."""
    most: Tensor
    """[T, n, J] at its upper edge."""
    capacity_gc: Tensor
    """[n] work of a slot."""
    dynamic: Tensor
    """[n] dP tau in units of cost."""
    keepalive: Tensor
    """[C, n] of a replica and slot, in units of cost."""


@dataclass(frozen=True, eq=False)
class Tables:
    """A window of T slots."""

    groups: tuple[GroupTable, ...]
    asked: Tensor
    """[T, D, C] requests."""
    link_mbit: Tensor
    """[T, L] what a link carries in a slot."""
    along: Tensor
    """[D*R, 3] links of a route; the number of links where there is none."""
    energy_per_mbit: Tensor
    """[T, D*R] network energy of a route, in units of cost."""
    size_mbit: Tensor
    """[C]"""
    work_gc: Tensor
    """[C]"""
    memory_gb: Tensor
    """[C] of a replica of the class's service."""
    node_memory_gb: Tensor
    """[N]"""
    fewest: Tensor
    """[K] replicas at the lower end of a bracket."""
    energy_floor: float


def tables(
    world: World,
    requests: Floats,
    background: Floats,
    link_capacity_mbit_s: Floats,
    link_energy_j_mbit: Floats,
    levels: int,
    brackets: Sequence[tuple[int, int]],
    dtype: torch.dtype,
) -> Tables:
    """Work out a window; see `Bound.window` for the arguments."""

    def tensor(array: object) -> Tensor:
        return torch.as_tensor(np.asarray(array), dtype=dtype)

    parameters, classes = world.parameters, world.classes
    tau, unit = parameters.slot_s, parameters.reference_j
    links = len(world.link_domain)
    along = torch.as_tensor(world.route_links.reshape(-1, world.route_links.shape[-1]))
    along = torch.where(along < 0, links, along)
    asked, beta = tensor(requests), tensor(background)
    capacity, energy = tensor(link_capacity_mbit_s), tensor(link_energy_j_mbit)
    size = tensor(classes.uplink_mbit + classes.downlink_mbit)
    work = tensor(world.work_gc[classes.service])
    fewest = tensor([low for low, _ in brackets])
    most = tensor([high for _, high in brackets])
    memory = tensor(world.memory_gb[classes.service])
    edges = torch.linspace(0.0, 1.0, levels + 1, dtype=dtype)
    found = []
    for group in node_groups(world):
        nodes = group.nodes.numpy()
        beta_n = beta[:, group.nodes]
        rho = beta_n[..., None] + edges * (1.0 - beta_n[..., None])
        path_s = _sum_along(2.0 * tensor(world.link_propagation_s), along)[group.route]
        per_mbit_s = _sum_along(1.0 / capacity, along)[:, group.route]
        speed = tensor(world.node_speed_gc_s[nodes])
        slack = (
            tensor(classes.deadline_s)[:, None, None, None]
            - path_s
            - size[:, None, None, None] * per_mbit_s[:, None]
            - (work[:, None] / speed)[:, :, None, None]
        )
        in_time = _in_time(
            slack,
            rho[..., :-1].clamp(max=parameters.utilisation_clip),
            tensor(world.node_servers[nodes])[:, None] * most,
            speed,
            work,
        )
        in_time = torch.where(group.there[..., None, None], in_time, 0.0)
        node_memory = tensor(world.node_memory_gb[nodes])
        found.append(
            GroupTable(
                group=group,
                in_time=in_time,
                asked=asked[:, group.origin].permute(0, 3, 1, 2).contiguous(),
                grant_gc=tensor(world.node_replica_capacity_gc_s[nodes])[:, None] * most * tau,
                fits=fewest * memory[:, None, None] <= node_memory[:, None] + 1e-6,
                background=beta_n,
                least=rho[..., :-1],
                most=rho[..., 1:],
                capacity_gc=tensor(world.node_capacity_gc_s[nodes]) * tau,
                dynamic=tensor(world.node_dynamic_w[nodes]) * tau / unit,
                keepalive=tensor(world.keepalive_w[classes.service][:, nodes]) * tau / unit,
            )
        )
    return Tables(
        groups=tuple(found),
        asked=asked,
        link_mbit=capacity * tau,
        along=along,
        energy_per_mbit=_sum_along(energy, along) / unit,
        size_mbit=size,
        work_gc=work,
        memory_gb=memory,
        node_memory_gb=tensor(world.node_memory_gb),
        fewest=fewest,
        energy_floor=parameters.energy_floor,
    )


def _sum_along(per_link: Tensor, along: Tensor) -> Tensor:
    """[…, L] to [..., D*R]."""
    padded = torch.cat([per_link, torch.zeros_like(per_link[..., :1])], -1)
    return padded[..., along].sum(-1)


def _in_time(slack: Tensor, rho: Tensor, servers: Tensor, speed: Tensor, work: Tensor) -> Tensor:
    """[T, C, n, A, P, K, J] share in time at the least utilisation and the most replicas.

    Args:
        slack: [T, C, n, A, P] s, without any waiting for links or backlog.
        rho: [T, n, J] lower edges.
        servers: [n, K].
        speed: [n] Gc/s.
        work: [C] Gc.
    """
    wait = rho[:, :, None, :] ** (torch.sqrt(2.0 * (servers + 1.0)) - 1.0)[:, :, None]
    rate = (1.0 - rho)[:, None, :, None, :] * (
        (servers * speed[:, None])[:, :, None] / work[:, None, None, None]
    )
    tail = torch.exp(-slack.clamp(min=0.0)[..., None, None] * rate[:, :, :, None, None])
    share = 1.0 - wait[:, None, :, None, None] * tail
    return torch.where((slack > 0)[..., None, None], share, 0.0)
