"""What E2E does when the service orchestrator asks for re-orchestration.

A sustained p99 violation raises the wish to deploy the service everywhere; a sustained
overload turns traffic and deployments of all services away from the overloaded kind of
candidate; a hotspot shift raises deployment around the new hotspot. Each holds for two frames
and fades by itself, since the policies see the new state by then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.environment.sites import Floats
from cnc.errors import NotFoundError
from cnc.messages.services import OrchestrationRequest
from cnc.orchestrators.offers import Offers
from cnc.simulator.world import World

FRAMES = 2
RAISE = 0.7
"""Log-weight, about a factor of two."""


@dataclass(frozen=True)
class _Remedy:
    until: int
    services: tuple[int, ...]
    domains: tuple[int, ...]
    weight: float
    reason: str


class Remedies:
    """Re-orchestration requests in force."""

    def __init__(self, world: World, offers: Offers) -> None:
        self._world = world
        self._offers = offers
        self._remedies: list[_Remedy] = []
        self._retired: set[int] = set()

    def take(self, body: OrchestrationRequest, slot: int) -> str:
        """Take in a request; returns what is done about it.

        Raises:
            NotFoundError: it names a service or domain that is not here.
        """
        names = [name for name in body.services if name not in self._world.domain_ids]
        services = tuple(self._offers.of(name).index for name in names)
        if body.action == "retire":
            self._retired.update(services)
            return f"retired: {', '.join(names)} keeps no replica beyond the transport domain's"
        if body.action == "deploy":
            self._retired.difference_update(services)
            return f"deployed: {', '.join(names)} may be hosted everywhere"
        until = slot + FRAMES * self._world.parameters.frame_slots
        domains = tuple(
            self._world.domain_ids.index(name)
            for name in body.services
            if name in self._world.domain_ids
        )
        if not services and not domains:
            raise NotFoundError("re-orchestration names no service and no domain that is here")
        weight = -RAISE if body.trigger == "overload" else RAISE
        reason = f"{body.trigger or 'asked'}: {body.detail}".strip(": ")
        remedy = _Remedy(until, services, domains, weight, reason)
        kept = [r for r in self._remedies if r.until > slot][-15:]
        self._remedies = [*kept, remedy]
        return f"re-orchestration until slot {until}: {reason}"

    def _now(self, slot: int) -> list[_Remedy]:
        return [remedy for remedy in self._remedies if remedy.until > slot]

    def hosts_prior(self, slot: int) -> Floats:
        """[domains, S] wishes for deployment."""
        wish = np.zeros((len(self._world.domain_ids), len(self._world.work_gc)))
        for remedy in self._now(slot):
            for domain in remedy.domains:
                wish[domain] += remedy.weight
            for service in remedy.services:
                wish[:, service] += remedy.weight
        for service in self._retired:
            wish[:, service] = -3.0
        return wish

    def priors(self, slot: int) -> dict[int, Floats]:
        """[K] log-weights by base class, away from the kinds of candidates that are overloaded."""
        rows: dict[int, Floats] = {}
        away = [r for r in self._now(slot) if r.weight < 0 and r.domains]
        if not away:
            return rows
        overloaded = {domain for remedy in away for domain in remedy.domains}
        share = np.array(
            [
                np.isin(self._world.candidates[:, k], list(overloaded)).mean()
                for k in range(self._world.candidates.shape[1])
            ]
        )
        for c in range(len(self._world.classes.service)):
            rows[c] = -RAISE * share
        return rows

    def reason(self, slot: int) -> str:
        """Why directives differ from the policy's plain decision."""
        now = self._now(slot)
        return now[-1].reason if now else ""
