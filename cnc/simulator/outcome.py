"""The states, inputs and outcomes of the kernel, as tensors with any leading batch axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class State:
    """What one slot leaves to the next."""

    backlog_gc: Tensor
    """[…, N]"""
    placed: Tensor
    """[…, S, N] the target set of replicas, which energy is paid for."""
    ready: Tensor
    """[…, S, N] replicas that may serve in the coming slot."""


@dataclass(frozen=True, eq=False)
class ExogenousTensors:
    """What the world brings in a slot."""

    requests: Tensor
    """[…, D, C]"""
    node_background: Tensor
    """[…, N]"""
    link_capacity: Tensor
    """[…, L] Mbit/s"""
    link_energy: Tensor
    """[…, L] J/Mbit"""


@dataclass(frozen=True, eq=False)
class Flows:
    """Per class and route [C, D*R], what latency percentiles are made of."""

    flow: Tensor
    """Requests."""
    kept: Tensor
    """Share that is not lost to overload."""
    base_s: Tensor
    """Latency without waiting for a server."""
    wait_probability: Tensor
    wait_rate: Tensor
    """1/s"""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a slot; scalars have the batch's shape."""

    satisfied: Tensor
    total_requests: Tensor
    energy_computing_j: Tensor
    energy_network_j: Tensor
    energy_idle_j: Tensor
    energy_keepalive_j: Tensor
    energy_start_j: Tensor
    energy_total_j: Tensor
    cost: Tensor
    node_utilisation: Tensor
    """[…, N] rho"""
    replica_utilisation: Tensor
    """[…, S, N]"""
    link_utilisation: Tensor
    """[…, L]"""
    satisfied_per_origin_class: Tensor
    """[…, D, C]"""
    node_computing_j: Tensor
    """[…, N]"""
    node_idle_j: Tensor
    node_keepalive_j: Tensor
    node_start_j: Tensor
    link_energy_j: Tensor
    """[…, L]"""
    requests: Tensor
    """[…, D, C]"""
    flows_source: Callable[[], Flows] = field(repr=False)

    @cached_property
    def flows(self) -> Flows:
        """What classes meet on routes; without gradients it is worked out when first asked for,
        from the inputs of the slot, which must not have been written over by then.
        """
        return self.flows_source()
