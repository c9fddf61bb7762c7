"""Replicas and routing optimised together, with fractional replicas.

The kernel is differentiable in the ready replicas as well, so both can follow the gradient of the
exact cost. The replicas of a node are a softmax over services and "free", as shares of its
memory, so that every point is within memory. A penalty on overload fades out on the way: where
requests of a service are all lost, the exact cost is flat and would leave them lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cnc.policies.optimal.effort import Effort
from cnc.policies.optimal.horizon import Evaluator, Horizon, Tensor
from cnc.policies.optimal.refinement import BETAS, falling, shares
from cnc.simulator.kernel import Outcome, State

FADED = 0.8
"""Part of the steps after which the penalty is gone."""
LEAST = 1e-6
"""Replicas that stand everywhere, so that no flow meets a division by zero."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A point of the relaxation, which can be gone on from."""

    memory: Tensor
    """Logits [S, N] of memory shares; 0 is the logit of memory left free."""
    routing: Tensor
    """Logits [T, D, C, R + 1]."""
    replicas: Tensor
    """[S, N], fractional."""


class Relaxation:
    """Continuous optimisation of one world's replicas.

    Args:
        evaluator: of the world.
        usable: [S, N] where a replica could serve someone in time.
        effort: steps and rates.
    """

    def __init__(self, evaluator: Evaluator, usable: Tensor, effort: Effort) -> None:
        self._evaluator, self._effort = evaluator, effort
        kernel = evaluator.kernel
        self._full = kernel.memory / kernel.memory_gb[:, None]
        self._usable = usable & (self._full >= 1.0)
        self._routes = evaluator.routes(self._usable.to(evaluator.dtype))

    def start(self) -> Tensor:
        """Logits of the same memory for every service, and for free memory."""
        return torch.zeros_like(self._full)

    def replicas(self, memory: Tensor) -> Tensor:
        """[S, N] fractional replicas of logits [S, N]."""
        closed = memory.masked_fill(~self._usable, -torch.inf)
        share = torch.softmax(torch.cat([closed, torch.zeros_like(memory[:1])]), 0)[:-1]
        most = float(self._evaluator.kernel.parameters.most_replicas)
        return (share * self._full).clamp(max=most)

    def run(
        self,
        horizon: Horizon,
        memory: Tensor,
        routing: Tensor,
        overload_weight: float,
        before: Tensor | None,
    ) -> Relaxed:
        """Follow the gradient from a start.

        Args:
            horizon: T slots.
            memory: logits [S, N].
            routing: logits [T, D, C, R + 1].
            overload_weight: of the penalty on overload, in costs of a lost request.
            before: [S, N] the set that is replaced, whose replicas need no start; None: none do.
        """
        evaluator, effort = self._evaluator, self._effort
        steps = effort.relaxation_steps
        memory = memory.detach().clone().requires_grad_()
        routing = routing.detach().clone().requires_grad_()
        rates = (effort.relaxation_rate, effort.replica_rate)
        optimiser = torch.optim.Adam(
            [{"params": [routing]}, {"params": [memory]}], lr=rates[0], betas=BETAS
        )
        for step in range(steps):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * falling(step, steps)
            replicas = self.replicas(memory)
            ready = replicas.clamp(min=LEAST)[None]
            flow = shares(routing, self._routes)
            state = State(evaluator.backlog(horizon, flow), ready, ready)
            _, outcome = evaluator.kernel.step(state, horizon.inputs, flow, check=False)
            loss = outcome.cost.sum()
            if before is not None:
                loss = loss + evaluator.change_cost(before, replicas)
            weight = overload_weight * max(0.0, 1.0 - step / (FADED * steps))
            if weight > 0:
                lost = self._overload(horizon, outcome, replicas, effort.comfort)
                loss = loss + weight * evaluator.kernel.parameters.penalty * lost
            optimiser.zero_grad()
            torch.autograd.backward([loss])
            optimiser.step()
        with torch.no_grad():
            return Relaxed(memory.detach(), routing.detach(), self.replicas(memory))

    def _overload(
        self, horizon: Horizon, outcome: Outcome, replicas: Tensor, comfort: float
    ) -> Tensor:
        """Work and bits beyond the comfortable utilisation, as requests of mean size."""
        kernel, inputs = self._evaluator.kernel, horizon.inputs
        tau = kernel.parameters.slot_s
        work = kernel.work_gc[kernel.service]
        asked = inputs.requests.sum((0, 1))
        count = asked.sum().clamp(min=1.0)
        mean_work = (asked * work).sum().clamp(min=1e-9) / count
        mean_size = (asked * kernel.size).sum().clamp(min=1e-9) / count
        granted = kernel.replica_gc_s * replicas.clamp(min=LEAST) * tau / kernel.work_gc[:, None]
        on_replicas = ((outcome.replica_utilisation - comfort).clamp(min=0.0) * granted).sum()
        nodes = (outcome.node_utilisation - comfort).clamp(min=0.0) * kernel.capacity * tau
        links = (outcome.link_utilisation - comfort).clamp(min=0.0) * inputs.link_capacity * tau
        return on_replicas + nodes.sum() / mean_work + links.sum() / mean_size
