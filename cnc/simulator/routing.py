"""Composing routes from distribution, splits and path shares: y = delta x sigma x paths."""

from __future__ import annotations

import numpy as np
import torch

from cnc.simulator.outcome import Tensor
from cnc.simulator.world import World


class RouteComposer:
    """Index tables of one layout; batched and differentiable.

    Routes that differ in their node only share a *way*: candidate, local, backhaul and core link.
    Shares are multiplied a way, of which there are few, and copied to routes in rows of classes.
    """

    def __init__(self, world: World, device: str = "cpu") -> None:
        def index(array: object) -> Tensor:
            return torch.as_tensor(array, dtype=torch.int64, device=device)

        missing = 2  # where a padded share is 1
        ways, of_route = np.unique(
            np.stack(
                (world.route_candidate, world.route_local, world.route_backhaul, world.route_core)
            ),
            axis=1,
            return_inverse=True,
        )
        self._candidate, *links = (index(np.where(each < 0, missing, each)) for each in ways)
        self._local, self._backhaul, self._core = links
        self._way = index(of_route.reshape(-1))
        self._node = index(world.route_node.reshape(-1))

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
        ways = delta.index_select(-1, self._candidate)
        for share, which in (
            (local.index_select(-2, service), self._local),
            (backhaul.index_select(-2, service), self._backhaul),
            (core.index_select(-2, service).unsqueeze(-3), self._core),
        ):
            padded = torch.cat((share, torch.ones_like(share[..., :1])), dim=-1)
            ways = ways * padded.index_select(-1, which)
        on_route = ways.transpose(-1, -2).contiguous().index_select(-2, self._way)
        per_node = sigma.index_select(-2, service).transpose(-1, -2).contiguous()
        at_node = per_node.index_select(-2, self._node)
        at_node = at_node.reshape(*at_node.shape[:-2], -1, *on_route.shape[-2:])
        whole = np.broadcast_shapes(on_route.shape, at_node.shape)  # torch's own loads sympy
        if on_route.requires_grad or at_node.requires_grad or on_route.shape != whole:
            apart: Tensor = on_route * at_node
            return apart.transpose(-1, -2)
        return on_route.mul_(at_node).transpose(-1, -2)  # fresh memory costs more than this


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
