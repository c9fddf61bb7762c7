"""No reward decomposition: every agent is rewarded for its own requests alone.

Values leave out what a request takes from the others on nodes and links, and a turn is not checked
by what it costs all. The search for replicas is E2E's, with requests that are routed selfishly.
"""

from __future__ import annotations

from dataclasses import replace

from cnc.environment.observations import Order
from cnc.environment.sites import Site
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.traffic import Traffic
from cnc.simulator.world import TrafficClasses


class SelfishDistribution(QDistribution):
    """E2E's agent, for which every request stands alone."""

    def _layout_for(self, classes: TrafficClasses) -> Layout:
        return replace(super()._layout_for(classes), others=False)


class SelfishTraffic(Traffic):
    """A domain's splits, for which every request stands alone."""

    def _layout_for(self, order: Order) -> Layout:
        return replace(super()._layout_for(order), others=False)


def selfish_domain(site: Site, weights: Weights) -> HmarlDomain:
    """A domain that deploys as E2E wishes."""
    return HmarlDomain(site, weights, traffic=SelfishTraffic(site, weights))
