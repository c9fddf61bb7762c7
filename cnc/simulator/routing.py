"""Composing routes from distribution, splits and path shares: y = delta x sigma x paths."""

from __future__ import annotations

import torch

from cnc.simulator.outcome import Tensor
from cnc.simulator.world import World


class RouteComposer:
    """Index tables of one layout; batched and differentiable."""

    def __init__(self, world: World, device: str = "cpu") -> None:
        def index(array: object) -> Tensor:
            return torch.as_tensor(array, dtype=torch.int64, device=device)

        self._node = index(world.route_node)
        self._candidate = index(world.route_candidate)
        self._local = index(world.route_local)
        self._backhaul = index(world.route_backhaul)
        self._core = index(world.route_core)

    def compose(
        self,
        delta: Tensor,
        sigma: Tensor,
        local: Tensor,
        backhaul: Tensor,
        core: Tensor,
        service: Tensor,
    ) -> Tensor:
        """Routing y […, D, C, R].

        Args:
            delta: […, D, C, K] shares of each origin's requests per candidate.
            sigma: […, S, N] shares of each domain's nodes.
            local: […, D, S, 2] shares of the local links.
            backhaul: […, D, S, 2] shares of the backhaul links.
            core: […, S, 2] shares of the core links.
            service: [C] service of each class.
        """
        per_class = sigma.index_select(-2, service)
        at_node = per_class[..., self._node].movedim(-2, -3)
        chosen = delta.index_select(-1, self._candidate)
        routing = chosen * at_node
        for share, which in (
            (local.index_select(-2, service), self._local),
            (backhaul.index_select(-2, service), self._backhaul),
            (core.index_select(-2, service).unsqueeze(-3), self._core),
        ):
            along = share.index_select(-1, which.clamp(min=0))
            routing = routing * torch.where(which >= 0, along, torch.ones_like(along))
        return routing


def compose_routing(
    world: World,
    delta: Tensor,
    sigma: Tensor,
    local: Tensor,
    backhaul: Tensor,
    core: Tensor,
    service: Tensor,
) -> Tensor:
    """`RouteComposer.compose` for a single use."""
    return RouteComposer(world).compose(delta, sigma, local, backhaul, core, service)
