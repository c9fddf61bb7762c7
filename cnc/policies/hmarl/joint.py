"""The joint traffic decision of E2E and all domains, batched and differentiable, for training.

What the agents decide one by one in numpy is decided here for many worlds at once in torch, by the
same functions; tests/policies/test_hmarl.py compares the two. Imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnc.environment.decoding import Decoder
from cnc.policies.hmarl.arrays import Array, normalised
from cnc.policies.hmarl.backhaul import backhaul_shares
from cnc.policies.hmarl.improvement import Shares, routing
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.q_distribution import backhaul_sides, pair_links
from cnc.policies.hmarl.situation import Conditions, situation
from cnc.policies.hmarl.start import UNSERVED, node_start, pair_start, warmed, with_fixed
from cnc.policies.hmarl.turns import improved_by_turns
from cnc.simulator.world import World

Tensor = torch.Tensor
INDICES = ("service", "route_node", "along", "route_choice", "route_side", "domain")
ALIKE = (
    "to_service",
    "onto_node",
    "onto_link",
    "onto_candidate",
    "onto_side",
    "onto_domain",
    "weight",
)


@dataclass(frozen=True, eq=False)
class View:
    """What is reported of a slot, [B, …]."""

    requests: Tensor
    """[B, D, C]"""
    background: Tensor
    """[B, N] of t-1."""
    backlog_gc: Tensor
    ready: Tensor
    """[B, S, N]"""
    link_mbit_s: Tensor
    link_j_mbit: Tensor
    link_load: Tensor
    """[B, L] of t-1."""


class JointTraffic:
    """Traffic of B worlds of one layout.

    Args:
        worlds: of the same layout.
        dtype: of the tensors.
    """

    def __init__(self, worlds: Sequence[World], dtype: torch.dtype = torch.float32) -> None:
        self._worlds, self._dtype = worlds, dtype
        first = worlds[0]
        self._global = stacked([layout_of(w, w.classes) for w in worlds], dtype)
        self._local = stacked([layout_of(w, w.classes, nominal=True) for w in worlds], dtype)
        self._decoder = Decoder(worlds)
        self._pairs = torch.as_tensor(pair_links(first))
        self._backhaul = backhaul_sides(first)
        self._origins, self._candidates = first.candidates.shape
        classes = [world.classes for world in worlds]
        self._size = self._load([c.uplink_mbit + c.downlink_mbit for c in classes])
        self._deadline = self._load([c.deadline_s for c in classes])
        self._propagation = self._load([w.link_propagation_s for w in worlds])
        parameters = first.parameters
        self._cost_of_j = 1.0 / (parameters.reference_j * parameters.penalty)

    def _load(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.as_tensor(np.stack(list(arrays)), dtype=self._dtype)

    def decide(
        self,
        view: View,
        weights: Mapping[str, Tensor],
        before: tuple[Shares, Shares] | None,
    ) -> tuple[Tensor, tuple[Shares, Shares]]:
        """Routing y [B, D, C, R], and what E2E decided and expected, and what all do.

        Args:
            view: what is reported.
            weights: of the networks.
            before: the same of the last slot.
        """
        layout, local = self._global, self._local
        batch, origins, classes = view.requests.shape
        choices = self._candidates + 1
        usable = self._decoder.usable(view.ready).to(self._dtype)
        one = torch.ones_like(usable[..., :1])
        possible = torch.cat([usable, one], -1).transpose(1, 2)
        spread = normalised(
            possible * torch.cat([one.new_ones(choices - 1), one.new_full((1,), UNSERVED)])
        )
        now = Conditions(
            view.background, view.backlog_gc, view.ready, view.link_mbit_s, view.link_j_mbit
        )
        fresh = Shares(
            spread.reshape(batch, classes, -1),
            node_start(layout, now, None),
            self._sides(view, weights),
        )
        start = fresh if before is None else self._warm(before[0], fresh, possible, now)
        requests = view.requests.transpose(1, 2)[..., layout.route_choice // choices]
        flat = possible.reshape(batch, classes, -1)
        given = situation(torch, layout, now, requests)
        mine = improved_by_turns(torch, given, start, flat, weights, False)
        seen = situation(torch, local, now, requests)
        # domains begin with what E2E expects of them; backhauls, which they do not see, stay
        done = improved_by_turns(torch, seen, mine, flat, weights, True)
        flow = routing(layout, done)[0].reshape(batch, classes, origins, -1)
        return flow.transpose(1, 2), (mine, done)

    def _warm(self, last: Shares, fresh: Shares, possible: Tensor, now: Conditions) -> Shares:
        """What is remembered is not followed back."""
        before = last.choice.detach().reshape(possible.shape) * possible
        choice = normalised(warmed(before, fresh.choice.reshape(possible.shape)))
        return Shares(
            choice.reshape(fresh.choice.shape),
            node_start(self._global, now, last.node.detach()),
            with_fixed(torch, warmed(last.side.detach(), fresh.side), fresh.side, self._backhaul),
        )

    def _sides(self, view: View, weights: Mapping[str, Tensor]) -> Tensor:
        origins = self._origins
        pairs = self._pairs
        share = pair_start(view.link_mbit_s[:, pairs], view.link_load[:, pairs]).flatten(1)
        services = view.ready.shape[1]
        side = torch.cat([share, torch.ones_like(share[:, :1])], -1)
        side = side[:, None].expand(-1, services, -1)
        links = self._pairs[origins : 2 * origins]
        backhaul = backhaul_shares(
            torch,
            weights,
            view.link_mbit_s[:, links],
            view.link_load[:, links],
            view.link_j_mbit[:, links],
            self._propagation[:, links],
            self._size[:, :services],
            self._deadline[:, :services],
            self._cost_of_j,
        )
        flat = backhaul.transpose(1, 2).reshape(*side.shape[:2], -1)
        at = self._backhaul
        return torch.cat([side[..., : at.start], flat, side[..., at.stop :]], -1)


def stacked(layouts: Sequence[Layout], dtype: torch.dtype) -> Layout:
    """One layout for several worlds, in torch, with the worlds as first axis."""
    first = layouts[0]
    fields: dict[str, Array] = {}
    for name, value in vars(first).items():
        if value is None or isinstance(value, int | float):
            fields[name] = value
        elif name in INDICES:
            fields[name] = torch.as_tensor(value)
        elif name in ALIKE:
            fields[name] = torch.as_tensor(value, dtype=dtype)
        else:
            arrays = np.stack([getattr(layout, name) for layout in layouts])
            fields[name] = torch.as_tensor(arrays, dtype=dtype)
    return Layout(**fields)
