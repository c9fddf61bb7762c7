"""What a slot costs: the energy terms, the requests served, and the slot cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from cnc.simulator.outcome import ExogenousTensors, Flows, Outcome, State, Tensor

if TYPE_CHECKING:
    from cnc.simulator.kernel import Kernel


def account(
    kernel: Kernel,
    state: State,
    placed: Tensor,
    exogenous: ExogenousTensors,
    bits: Tensor,
    rho: Tensor,
    rho_replica: Tensor,
    load: Tensor,
    per_origin: Tensor,
    flows_source: Callable[[], Flows],
) -> Outcome:
    """Energy, cost and satisfaction.

    Args:
        kernel: whose worlds they are.
        state: before the slot.
        placed: […, S, N] replicas from this slot on.
        exogenous: of the slot.
        bits: […, L] Mbit.
        rho: […, N] utilisation.
        rho_replica: […, S, N] utilisation of replicas.
        load: […, L] utilisation.
        per_origin: […, D, C] requests served in time.
        flows_source: gives the flows when asked.
    """
    parameters = kernel.parameters
    tau = parameters.slot_s
    before = exogenous.node_background + state.backlog_gc / (kernel.capacity * tau)
    computing = _power_j(kernel, rho) - _power_j(kernel, before)
    link_energy = bits * exogenous.link_energy
    kept_alive = torch.maximum(placed, state.ready)
    keepalive = (kernel.keepalive_w * kept_alive).sum(-2) * tau
    added = (placed - state.placed).clamp(min=0.0).sum(-2)
    start = added * kernel.start_j
    idle = (kernel.idle_w * tau).expand_as(computing)
    terms = [term.sum(-1) for term in (computing, link_energy, idle, keepalive, start)]
    total = terms[0] + terms[1] + terms[2] + terms[3] + terms[4]
    satisfied = per_origin.sum((-1, -2))
    requests = exogenous.requests.sum((-1, -2)).expand_as(satisfied)
    cost = (total - terms[2]) / parameters.reference_j + parameters.penalty * (requests - satisfied)
    return Outcome(
        satisfied=satisfied,
        total_requests=requests,
        energy_computing_j=terms[0],
        energy_network_j=terms[1],
        energy_idle_j=terms[2],
        energy_keepalive_j=terms[3],
        energy_start_j=terms[4],
        energy_total_j=total,
        cost=cost,
        node_utilisation=rho,
        replica_utilisation=rho_replica,
        link_utilisation=load,
        satisfied_per_origin_class=per_origin,
        node_computing_j=computing,
        node_idle_j=idle,
        node_keepalive_j=keepalive,
        node_start_j=start,
        link_energy_j=link_energy,
        requests=exogenous.requests,
        flows_source=flows_source,
    )


def _power_j(kernel: Kernel, utilisation: Tensor) -> Tensor:
    """g(u) = dP tau (0.4 u + 0.6 u^3), linear beyond u = 1."""
    floor = kernel.parameters.energy_floor
    cubic = floor * utilisation + (1.0 - floor) * utilisation**3
    slope = floor + 3.0 * (1.0 - floor)
    linear = 1.0 + slope * (utilisation - 1.0)
    return (
        kernel.dynamic_w * kernel.parameters.slot_s * torch.where(utilisation > 1.0, linear, cubic)
    )
