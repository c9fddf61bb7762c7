"""Gradient refinement of routing on the exact slot cost.

The shares of one origin's class are a softmax over its usable routes and "unserved"; Adam
minimises the exact costs of all slots at once. The best shares seen are kept, so the result never
costs more than its start.
"""

from __future__ import annotations

import torch

from cnc.policies.optimal.horizon import Evaluator, Horizon, Tensor

UNSERVED = -6.0
"""First logit of serving nobody, next to 0 for the best route."""
LAST_RATE = 0.1
"""Adam's rate at the last step, as a share of the first."""
BETAS = (0.9, 0.99)


def spread(evaluator: Evaluator, horizon: Horizon) -> Tensor:
    """Logits [T, D, C, R + 1] of a start: free capacity first, little network energy first."""
    kernel = evaluator.kernel
    free = kernel.capacity * (1.0 - horizon.inputs.node_background)
    energy = kernel.on_link.along(horizon.inputs.link_energy)
    logits = torch.log(free).index_select(-1, kernel.route_node) - energy
    logits = logits.reshape(-1, kernel.origins, 1, kernel.routes)
    logits = (logits - logits.amax(-1, keepdim=True)).expand(-1, -1, kernel.classes, -1)
    return torch.cat([logits, torch.full_like(logits[..., :1], UNSERVED)], -1)


def shares(logits: Tensor, routes: Tensor) -> Tensor:
    """Routing y […, T, D, C, R] from logits […, T, D, C, R + 1].

    Args:
        logits: of the routes and of serving nobody.
        routes: […, D, C, R] which routes may be used.
    """
    usable = torch.cat([routes, torch.ones_like(routes[..., :1])], -1).unsqueeze(-4)
    return torch.softmax(logits.masked_fill(~usable, -torch.inf), -1)[..., :-1]


def refine(
    evaluator: Evaluator,
    horizon: Horizon,
    ready: Tensor,
    logits: Tensor,
    steps: int,
    rate: float,
) -> tuple[Tensor, Tensor]:
    """The best logits found […, T, D, C, R + 1], and their costs […, T].

    A start for one slot of a horizon of several is a decision that must do in all of them; then T
    is 1 in what is returned, and the cost is the mean over the slots. Where slots follow each
    other, a whole set of slots is kept or dropped, since a slot's backlog depends on those before.

    Args:
        evaluator: of the world.
        horizon: T slots.
        ready: […, S, N] replicas that serve all of the time.
        logits: the start.
        steps: of Adam.
        rate: Adam's first rate.
    """
    routes = evaluator.routes(ready)
    logits = logits.expand(*ready.shape[:-2], *logits.shape[-4:]).detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=rate, betas=BETAS)
    best, best_costs = logits.detach().clone(), torch.full(logits.shape[:-3], torch.inf).to(logits)
    for step in range(steps + 1):
        optimiser.param_groups[0]["lr"] = rate * falling(step, steps)
        costs = evaluator.slot_costs(horizon, shares(logits, routes), ready)
        if logits.shape[-4] == 1:
            costs = costs.mean(-1, keepdim=True)
        now = costs.detach()
        if horizon.chained:
            better = (now.sum(-1, keepdim=True) < best_costs.sum(-1, keepdim=True)).expand_as(now)
        else:
            better = now < best_costs
        best_costs = torch.where(better, now, best_costs)
        best = torch.where(better[..., None, None, None], logits.detach(), best)
        if step < steps:
            optimiser.zero_grad()
            torch.autograd.backward([costs.sum()])
            optimiser.step()
    return best, best_costs


def falling(step: int, steps: int) -> float:
    """Factor of Adam's rate, from 1 down to `LAST_RATE` in a straight line."""
    return 1.0 - (1.0 - LAST_RATE) * step / max(steps, 1)
