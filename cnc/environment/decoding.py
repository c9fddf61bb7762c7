"""From unbounded preferences to decisions that the infrastructure accepts, batched.

What learned agents give out are numbers without constraints. Shares are softmaxes over what is
ready; replicas are packed into memory. Shapes carry the worlds as last batch axis, […, B, …], as
`BatchedEnvironment` does; shares are differentiable in the preferences. Imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from cnc.environment.readiness import candidate_tables, hostable, usable_candidates
from cnc.simulator.outcome import Tensor
from cnc.simulator.world import World

FITS = 1e-9
"""GB by which replicas may seem to exceed the memory, from rounding."""


def masked_softmax(preference: Tensor, allowed: Tensor) -> Tensor:
    """Shares along the last axis over what is allowed; rows with nothing allowed are 0.

    The logarithms of shares give these shares again. Minus infinity is a share of 0, unless
    nothing else is allowed: then all that is allowed shares equally.
    """
    masked = torch.where(allowed, preference, -torch.inf)
    hopeless = torch.isneginf(masked).all(-1, keepdim=True)
    masked = torch.where(hopeless & allowed, torch.zeros_like(masked), masked)
    most = masked.amax(-1, keepdim=True)
    weights = torch.exp(masked - torch.where(torch.isfinite(most), most, 0.0))
    total = weights.sum(-1, keepdim=True)
    return weights / torch.where(total > 0, total, 1.0)


class Decoder:
    """What may go where in B worlds of one layout, and decisions within it.

    Args:
        worlds: of the same layout, as in a `BatchedEnvironment`.
        device: a torch device.
    """

    def __init__(self, worlds: Sequence[World], device: str = "cpu") -> None:
        first = worlds[0]
        self._most = first.parameters.most_replicas

        def load(arrays: Sequence[np.ndarray]) -> Tensor:
            return torch.as_tensor(np.stack(arrays), device=device)

        def index(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=torch.int64, device=device)

        self._service = index(first.classes.service)
        self._route_node = index(first.route_node)
        self._admissible = load([world.admissible_routes(world.classes) for world in worlds])
        """[B, D, C, R]"""
        self.hostable = load([hostable(world, world.classes) for world in worlds])
        """[B, S, N] nodes where some class of the service can be served in time."""
        self._memory = load([world.memory_gb for world in worlds])
        self._node_memory = load([world.node_memory_gb for world in worlds])
        of_route, distinct = candidate_tables(first)
        self._of_route = torch.as_tensor(of_route, dtype=torch.float32, device=device)
        self._distinct = torch.as_tensor(distinct, device=device)
        transport = len(first.domain_ids) - 1
        self._transport = index(np.flatnonzero(first.node_domain == transport))
        self._members, self._places = self._group(first, index)
        self._known: tuple[Tensor, Tensor] | None = None

    @staticmethod
    def _group(world: World, index: Callable[[np.ndarray], Tensor]) -> tuple[Tensor, Tensor]:
        """Nodes of each domain [domains, most], N where there is none; and the way back [N]."""
        count = len(world.node_domain)
        nodes = [np.flatnonzero(world.node_domain == d) for d in range(len(world.domain_ids))]
        most = max(map(len, nodes))
        members = np.full((len(nodes), most), count)
        places = np.zeros(count, dtype=np.int64)
        for domain, own in enumerate(nodes):
            members[domain, : len(own)] = own
            places[own] = domain * most + np.arange(len(own))
        return index(members), index(places)

    # -- shares ----------------------------------------------------------------------------------

    def usable(self, ready: Tensor) -> Tensor:
        """[…, B, D, C, K] candidates with a ready replica on a route that can be in time.

        Where an origin and class has none, X counts if it has a ready replica, else whichever
        candidate has. The second name of one domain never counts.

        Args:
            ready: […, B, S, N] replicas that serve in the slot.
        """
        if self._known is not None and self._known[0] is ready:
            return self._known[1]
        found: Tensor = usable_candidates(
            torch,
            (ready > 0).index_select(-2, self._service),
            self._admissible,
            self._route_node,
            self._of_route,
            self._distinct,
        )
        self._known = (ready, found)
        return found

    def distribute(self, preference: Tensor, ready: Tensor) -> Tensor:
        """delta […, B, D, C, K] from preferences of that shape; rows sum to 1, or to 0 where no
        candidate has a ready replica (such requests stay unserved).
        """
        return masked_softmax(preference, self.usable(ready))

    def split(self, preference: Tensor, ready: Tensor) -> Tensor:
        """sigma […, B, S, N] from preferences of that shape, over each domain's ready nodes."""
        grouped = self._grouped(preference, 0.0)
        serving = self._grouped(ready > 0, False)
        return masked_softmax(grouped, serving).flatten(-2).index_select(-1, self._places)

    def _grouped(self, per_node: Tensor, missing: float) -> Tensor:
        """[…, S, N] to [..., S, domains, most nodes of a domain]."""
        padding = torch.full_like(per_node[..., :1], missing)
        return torch.cat((per_node, padding), -1)[..., self._members]

    # -- replicas --------------------------------------------------------------------------------

    def pack(self, wanted: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Whole replicas […, B, S, N] within memory, as near to the wanted as it has room.

        A node adds replicas one by one, each time of the service with the largest
        wanted / (given + 1), until each has its wanted number, rounded, or nothing fits. The
        transport domain first takes one replica of every service, each on the node where it is
        wanted most. So whole numbers that fit (and that keep to the transport's rule) are taken
        as they are. A service is left out on nodes that cannot serve it in time.

        Args:
            wanted: […, B, S, N] replicas, from 0 to 8; not necessarily whole.
            allowed: […, B, S, N] where a service may be hosted; the transport keeps one anyway.
        """
        may = self.hostable if allowed is None else self.hostable & allowed
        wanted = torch.where(may, wanted.detach().double().clamp(0.0, float(self._most)), 0.0)
        whole = wanted.round()
        memory = self._memory[..., None]
        given = torch.zeros_like(wanted)
        free = self._node_memory.expand(*wanted.shape[:-2], -1).clone()
        self._keep_one(wanted, given, free)
        while True:
            room = (given < whole) & (memory <= free[..., None, :] + FITS)
            if not bool(room.any()):
                return given
            shortage = torch.where(room, wanted / (given + 1.0), -1.0)
            most, service = shortage.max(-2, keepdim=True)
            one = (most >= 0).to(given.dtype)
            given.scatter_add_(-2, service, one)
            free -= (one * memory.expand_as(given).gather(-2, service))[..., 0, :]

    def _keep_one(self, wanted: Tensor, given: Tensor, free: Tensor) -> None:
        """One replica of each service in the transport domain, large ones first; in place."""
        here = self._transport
        room = free[..., here]
        order = torch.argsort(-self._memory, dim=-1, stable=True)
        order = order.expand(*wanted.shape[:-2], -1)
        memory = self._memory.expand_as(order)
        likes, kept = wanted[..., here], torch.zeros_like(given[..., here])
        for rank in range(order.shape[-1]):
            service = order[..., rank : rank + 1]
            need = memory.gather(-1, service)
            row = service[..., None].expand(*service.shape, len(here))
            liked = likes.gather(-2, row)[..., 0, :]
            score = torch.where(room + FITS >= need, liked * 1e6 + room, -torch.inf)
            chosen = torch.nn.functional.one_hot(score.argmax(-1), len(here)).to(room.dtype)
            room = room - chosen * need
            kept.scatter_add_(-2, row, chosen[..., None, :])
        given[..., here] = kept
        free[..., here] = room
