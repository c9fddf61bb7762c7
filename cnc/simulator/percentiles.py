"""Latency percentiles: what users meet, as a mixture over routes.

On a route the latency is base + wait, with P(wait > x) = p exp(-rate x); what overload loses
never arrives and counts as infinite (docs/system-model.md, "Outcome of a slot").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cnc.simulator.outcome import Outcome, Tensor

BISECTIONS = 60
GRID = (
    *(0.02 * step for step in range(1, 51)),
    *(1.0 + 0.05 * step for step in range(1, 21)),
    *(2.0 + 0.5 * step for step in range(1, 9)),
    10.0,
    20.0,
    50.0,
)
"""Multiples of the deadline at which the per-origin distribution is evaluated."""


def class_percentiles(outcome: Outcome, quantiles: Sequence[float]) -> Tensor:
    """Exact percentiles per class over all origins, by bisection.

    Returns:
        […, C, q] in s; inf where more requests were lost than the quantile leaves, nan for
        classes without requests.
    """
    flows = outcome.flows
    total = outcome.requests.sum(-2)
    weight = flows.flow * flows.kept
    weight = weight / torch.where(total > 0, total, torch.ones_like(total))[..., None]
    latest = flows.base_s + 40.0 / flows.wait_rate.clamp(min=1e-9)
    used = weight > 0
    high_start = torch.where(used, latest, torch.zeros_like(latest)).amax(-1)
    results = []
    for quantile in quantiles:
        low, high = torch.zeros_like(high_start), high_start.clone()
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            enough = _share_within(outcome, weight, middle[..., None]) >= quantile
            high = torch.where(enough, middle, high)
            low = torch.where(enough, low, middle)
        served = weight.sum(-1)
        reached = served >= quantile - 1e-12
        value = torch.where(reached, high, torch.full_like(high, torch.inf))
        results.append(torch.where(total > 0, value, torch.full_like(value, torch.nan)))
    return torch.stack(results, dim=-1)


def _share_within(outcome: Outcome, weight: Tensor, limit_s: Tensor) -> Tensor:
    """[…, C] share of requests served within the limit."""
    flows = outcome.flows
    slack = limit_s - flows.base_s
    tail = flows.wait_probability * torch.exp(-slack.clamp(min=0.0) * flows.wait_rate)
    return torch.where(slack >= 0, weight * (1.0 - tail), torch.zeros_like(weight)).sum(-1)


def origin_quantiles(
    outcome: Outcome, deadline_s: Tensor, levels: Sequence[float], origins: int, routes: int
) -> tuple[Tensor, Tensor]:
    """Quantiles of served requests per origin and class, on a grid of the deadline.

    Cheap enough for every slot: the distribution is evaluated at multiples of the deadline and
    inverted linearly, so a quantile is right to a fiftieth of the deadline, and the share
    within the deadline itself is exact.

    Returns:
        […, D, C, levels] in s (nan where nothing is served) and the lost share […, D, C].
    """
    flows = outcome.flows
    weight = flows.flow * flows.kept
    shape = (origins, routes)
    served = weight.unflatten(-1, shape).sum(-1)
    asked = flows.flow.unflatten(-1, shape).sum(-1)
    total = outcome.requests.transpose(-1, -2)
    grid = torch.as_tensor(GRID, dtype=weight.dtype, device=weight.device)
    points = deadline_s[..., None] * grid
    columns = []
    for at in range(len(GRID)):
        slack = points[..., at, None] - flows.base_s
        late = flows.wait_probability * torch.exp(-slack.clamp(min=0.0) * flows.wait_rate)
        within = torch.where(slack >= 0, weight * (1.0 - late), torch.zeros_like(weight))
        columns.append(within.unflatten(-1, shape).sum(-1))
    share = torch.stack(columns, dim=-1)
    share = share / torch.where(served > 0, served, torch.ones_like(served))[..., None]
    first = torch.where(weight > 0, flows.base_s, torch.full_like(weight, torch.inf))
    start = first.unflatten(-1, shape).amin(-1)
    values = _invert(share, points[..., None, :].expand(share.shape), start, levels)
    values = torch.where((served > 0)[..., None], values, torch.full_like(values, torch.nan))
    lost = 1.0 - served / torch.where(total > 0, total, torch.ones_like(total))
    lost = torch.where(asked > 0, lost, (total > 0).to(lost.dtype))
    return values.transpose(-3, -2), lost.clamp(0.0, 1.0).transpose(-1, -2)


def _invert(share: Tensor, points: Tensor, start: Tensor, levels: Sequence[float]) -> Tensor:
    """Piecewise linear inverse of a rising share; the last point stands for all beyond."""
    zero = torch.zeros_like(start)[..., None]
    begin = torch.minimum(torch.where(torch.isfinite(start), start, zero[..., 0]), points[..., -1])
    share = torch.cat([zero, share], dim=-1).cummax(-1).values
    points = torch.cat([begin[..., None], torch.maximum(points, begin[..., None])], dim=-1)
    values = []
    for level in levels:
        wanted = torch.full_like(zero, level)
        above = torch.searchsorted(share.contiguous(), wanted).clamp(1, share.shape[-1] - 1)
        low, high = share.gather(-1, above - 1), share.gather(-1, above)
        part = ((wanted - low) / (high - low).clamp(min=1e-12)).clamp(0.0, 1.0)
        left, right = points.gather(-1, above - 1), points.gather(-1, above)
        values.append((left + part * (right - left))[..., 0])
    return torch.stack(values, dim=-1)
