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
    *(0.05 * step for step in range(1, 21)),
    *(1.0 + 0.1 * step for step in range(1, 11)),
    *(3.0, 4.0, 6.0, 10.0, 20.0, 50.0),
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
    """Quantiles of served requests per origin and class of one world, on a grid of the deadline.

    Cheap enough for every slot: only origins and classes with requests count, the distribution
    is evaluated at multiples of the deadline and inverted linearly, so that the share within
    the deadline itself is exact and a quantile is right to a few hundredths of the deadline.

    Returns:
        [D, C, levels] in s (nan where nothing is served) and the lost share [D, C].
    """
    flows = outcome.flows
    total = outcome.requests.T
    pairs = torch.nonzero(total > 0, as_tuple=True)

    def pick(tensor: Tensor) -> Tensor:
        return tensor.reshape((*tensor.shape[:-1], origins, routes))[pairs]

    kept = pick(flows.flow * flows.kept)
    base, rate, wait = pick(flows.base_s), pick(flows.wait_rate), pick(flows.wait_probability)
    served = kept.sum(-1)
    points = deadline_s[pairs[0]][:, None] * torch.as_tensor(GRID, dtype=kept.dtype)
    slack = points[:, None, :] - base[..., None]
    late = wait[..., None] * torch.exp(-slack.clamp(min=0.0) * rate[..., None])
    within = torch.where(slack >= 0, kept[..., None] * (1.0 - late), 0.0).sum(1)
    share = within / torch.where(served > 0, served, 1.0)[:, None]
    first = torch.where(kept > 0, base, torch.inf).amin(-1)
    values = _invert(share, points, torch.where(served > 0, first, 0.0), levels)
    values[served <= 0] = torch.nan
    quantiles = torch.full((*total.shape, len(levels)), torch.nan, dtype=kept.dtype)
    quantiles[pairs] = values
    lost = torch.zeros_like(total)
    lost[pairs] = (1.0 - served / total[pairs]).clamp(0.0, 1.0)
    return quantiles.transpose(0, 1), lost.T


def _invert(share: Tensor, points: Tensor, start: Tensor, levels: Sequence[float]) -> Tensor:
    """[P, levels] piecewise linear inverse of rising shares [P, G] from `start` [P] on."""
    share = torch.cat([torch.zeros_like(start)[:, None], share], dim=-1).cummax(-1).values
    begin = torch.minimum(start, points[:, -1])[:, None]
    points = torch.cat([begin, torch.maximum(points, begin)], dim=-1)
    wanted = torch.as_tensor(levels, dtype=share.dtype).expand(len(share), -1).contiguous()
    above = torch.searchsorted(share.contiguous(), wanted).clamp(1, share.shape[-1] - 1)
    low, high = share.gather(-1, above - 1), share.gather(-1, above)
    part = ((wanted - low) / (high - low).clamp(min=1e-12)).clamp(0.0, 1.0)
    left, right = points.gather(-1, above - 1), points.gather(-1, above)
    return left + part * (right - left)
