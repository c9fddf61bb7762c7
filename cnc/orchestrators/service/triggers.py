"""When to ask for re-orchestration: sustained violations, not single bad slots."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnc.messages.percent import percent
from cnc.messages.reports import SystemView
from cnc.messages.services import OrchestrationRequest


@dataclass(frozen=True)
class TriggerSettings:
    """Thresholds and how long they must be crossed."""

    sustained_slots: int = 8
    """Of the last ten slots; a frame is ten slots, and single bursts are no reason."""
    window_slots: int = 10
    overload: float = 0.9
    """Mean node utilisation of a domain (computing; GPU work counts as computing here)."""
    quiet_slots: int = 20
    """After a request the same trigger stays silent for two frames, while it takes effect."""
    hotspot_slots: int = 5
    """Slots in which another origin must lead before a shift is reported."""
    least_requests: float = 1.0
    """Slots with fewer requests of a service say nothing about its p99."""


@dataclass
class Triggers:
    """Watches the global view."""

    settings: TriggerSettings = field(default_factory=TriggerSettings)
    _late: dict[str, deque[bool]] = field(default_factory=dict)
    _hot: dict[str, deque[bool]] = field(default_factory=dict)
    _leaders: deque[int] = field(default_factory=deque)
    _hotspot: int | None = None
    _quiet: dict[str, int] = field(default_factory=dict)

    def watch(self, view: SystemView, limits_ms: Mapping[str, float]) -> list[OrchestrationRequest]:
        """Requests that follow from one more slot; `limits_ms` is each service's SLA latency."""
        requests = []
        slot = view.measured_slot
        late = [
            state.service
            for state in view.services
            if state.requests >= self.settings.least_requests
            and self._sustained(
                self._late,
                state.service,
                state.p99_ms is None or state.p99_ms > limits_ms.get(state.service, float("inf")),
            )
            and self._may(f"p99 {state.service}", slot)
        ]
        if late:
            text = f"p99 above the agreed latency for {self.settings.sustained_slots} slots"
            requests.append(
                OrchestrationRequest(
                    action="reorchestrate",
                    services=tuple(late),
                    trigger="p99_violation",
                    detail=f"{', '.join(late)}: {text}",
                )
            )
        hot = [
            state.domain
            for state in view.domains
            if self._sustained(self._hot, state.domain, state.utilisation > self.settings.overload)
            and self._may(f"overload {state.domain}", slot)
        ]
        if hot:
            requests.append(
                OrchestrationRequest(
                    action="reorchestrate",
                    services=tuple(hot),
                    trigger="overload",
                    detail=f"{', '.join(hot)}: mean utilisation above "
                    f"{percent(self.settings.overload, 0)}",
                )
            )
        shift = self._hotspot_shift(view)
        if shift is not None and self._may("hotspot", slot):
            requests.append(shift)
        return requests

    def _sustained(self, kept: dict[str, deque[bool]], key: str, bad: bool) -> bool:
        window = kept.setdefault(key, deque(maxlen=self.settings.window_slots))
        window.append(bad)
        return sum(window) >= self.settings.sustained_slots

    def _may(self, key: str, slot: int) -> bool:
        if slot < self._quiet.get(key, -1):
            return False
        self._quiet[key] = slot + self.settings.quiet_slots
        return True

    def _hotspot_shift(self, view: SystemView) -> OrchestrationRequest | None:
        arrivals = view.arrivals_per_origin
        if not arrivals or max(arrivals) <= 0:
            return None
        leader = max(range(len(arrivals)), key=lambda origin: arrivals[origin])
        self._leaders.append(leader)
        while len(self._leaders) > self.settings.hotspot_slots:
            self._leaders.popleft()
        settled = len(self._leaders) == self.settings.hotspot_slots and len(set(self._leaders)) == 1
        if not settled or leader == self._hotspot:
            return None
        before, self._hotspot = self._hotspot, leader
        if before is None:
            return None
        cells = len(arrivals)
        domains = (view.domains[leader].domain, view.domains[cells + leader].domain)
        return OrchestrationRequest(
            action="reorchestrate",
            services=domains,
            trigger="hotspot_shift",
            detail=f"hotspot moved from {view.domains[before].domain} to {domains[0]}",
        )
