"""A domain's traffic: an actor that splits over nodes and paths (docs/hmarl.md, "Traffic").

The actor begins with the shares that E2E expects of it or, where E2E says nothing, with its last
ones, and moves them along the values of its own nodes and links, as the shared networks correct
them. It sees its own domain only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Floats, Site
from cnc.policies.hmarl.arrays import at, normalised
from cnc.policies.hmarl.backhaul import backhaul_shares
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.layout import layout_at
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.networks import Single
from cnc.policies.hmarl.pairs_listed import Kept
from cnc.policies.hmarl.situation import Conditions, situation
from cnc.policies.hmarl.start import expected_start, node_start, pair_start, warmed
from cnc.policies.hmarl.turns import improved_by_turns


class Traffic:
    """The traffic part of a domain's agent.

    Args:
        site: the domain.
        weights: of the networks.
    """

    def __init__(self, site: Site, weights: Weights) -> None:
        self._site, self._weights = site, weights
        self._own = site.path_links is not None and site.kind != "ran"
        self._pair = None if site.path_links is None else np.array(site.path_links)
        self._key: bytes = b""
        self._kept, self._single = Kept(), Single("node")
        self._layout: Layout | None = None
        self._node: Floats | None = None
        self._side: Floats | None = None

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares of the slot."""
        layout = self._layout_for(order)
        own = self._own
        now, shares = self._start(observation, order, layout)
        standing = self._kept.standing(layout, now.ready)
        if own or standing.pairs.split:
            requests = at(order.requests.T, layout.route_choice)
            given = situation(np, layout, now, requests, standing)
            shares = improved_by_turns(
                np, given, shares, shares.choice, self._single.of(self._weights), fixed_choice=True
            )
        self._node = shares.node
        paths = shares.side[:, :2] if own else self._backhaul(observation, order)
        self._side = paths if own else None
        return Split(sigma=shares.node, paths=paths)

    def _start(
        self, observation: DomainObservation, order: Order, layout: Layout
    ) -> tuple[Conditions, Shares]:
        """What is known of the slot; as E2E expects, else the last split and what is left."""
        own, pair = self._own, self._pair
        now = Conditions(
            background=observation.background,
            backlog_gc=observation.backlog_gc,
            ready=observation.ready.astype(np.float64),
            link_mbit_s=at(observation.link_capacity_mbit_s, pair) if own else np.ones(2),
            link_j_mbit=at(observation.link_energy_j_mbit, pair) if own else np.zeros(2),
        )
        side = np.ones((len(self._site.work_gc), 3))
        expected = order.expected
        if expected is not None:
            node = expected_start(layout, now, expected.sigma)
            if own:
                side[:, :2] = expected.paths
            return now, Shares(np.ascontiguousarray(order.inflow.T), node, side)
        node = node_start(layout, now, self._node)
        if own:
            side[:, :2] = pair_start(now.link_mbit_s, observation.link_utilisation[pair])
        if self._side is not None and own:
            side[:, :2] = warmed(self._side, side[:, :2])
        return now, Shares(np.ascontiguousarray(order.inflow.T), node, side)

    def _backhaul(self, observation: DomainObservation, order: Order) -> Floats:
        """Of what passes through: as E2E, which alone knows how much, expects it."""
        site = self._site
        services = len(site.work_gc)
        if site.path_links is None:
            return np.tile(np.array([1.0, 0.0]), (services, 1))
        if order.expected is not None:
            return np.asarray(normalised(order.expected.paths))
        pair, classes = list(site.path_links), site.base_classes
        shares = backhaul_shares(
            np,
            self._weights,
            observation.link_capacity_mbit_s[None, pair],
            observation.link_utilisation[None, pair],
            observation.link_energy_j_mbit[None, pair],
            site.link_propagation_s[None, pair],
            (classes.uplink_mbit + classes.downlink_mbit)[:services],
            classes.deadline_s[:services],
            1.0 / (site.parameters.reference_j * site.parameters.penalty),
        )
        return np.asarray(shares[0])

    def _layout_for(self, order: Order) -> Layout:
        classes = order.classes
        key = classes.key
        if self._layout is None or key != self._key:
            self._layout, self._key = layout_at(self._site, classes), key
        return self._layout

    def snapshot(self) -> dict[str, Any]:
        """The last split."""
        return {
            "node": None if self._node is None else self._node.tolist(),
            "side": None if self._side is None else self._side.tolist(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the last split."""
        node, side = snapshot.get("node"), snapshot.get("side")
        self._node = None if node is None else np.array(node, dtype=np.float64)
        self._side = None if side is None else np.array(side, dtype=np.float64)
