"""The global view: the reports of all domains, put together before each slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnc.environment.observations import DomainObservation, EndToEndObservation
from cnc.environment.sites import Floats, Site
from cnc.messages.reports import DomainReport, DomainState, ServiceState, SystemView
from cnc.messages.telemetry import ClassQuality, TrafficClass
from cnc.orchestrators.domain.mapping import observation_of
from cnc.orchestrators.end_to_end.quantiles import merged_percentiles
from cnc.orchestrators.traffic_classes import with_groups
from cnc.simulator.world import TrafficClasses, World

REFERENCE_J = 8.0
PENALTY = 4.0
"""Slot cost = (energy - idle) / 8 J + 4 * requests not satisfied (system model)."""


class GlobalView:
    """Keeps every domain's newest report and builds E2E's observation from them."""

    def __init__(self, world: World, sites: Sequence[Site], service_ids: Sequence[str]) -> None:
        self._world = world
        self._sites = sites
        self._service_ids = service_ids
        self._reports: dict[int, tuple[int, DomainReport]] = {}
        self._observed: dict[int, DomainObservation] = {}
        self._requests = np.zeros((world.candidates.shape[0], len(world.classes.service)))

    def take(self, site: Site, report: DomainReport, slot: int) -> None:
        """Take in a report.

        Raises:
            MessageError: it does not fit the inventory.
        """
        self._observed[site.index] = observation_of(site, report, slot)
        self._reports[site.index] = (slot, report)

    def forget(self) -> None:
        """A new run begins."""
        self._reports.clear()
        self._observed.clear()

    def slot_of(self, domain: int) -> int | None:
        """The slot of a domain's newest report."""
        kept = self._reports.get(domain)
        return None if kept is None else kept[0]

    def report_of(self, domain: int) -> DomainReport | None:
        """A domain's newest report."""
        kept = self._reports.get(domain)
        return None if kept is None else kept[1]

    def reports_at(self, slot: int) -> dict[int, DomainReport]:
        """The reports of one slot by domain."""
        return {d: report for d, (at, report) in self._reports.items() if at == slot}

    def groups(self, slot: int) -> tuple[int, tuple[TrafficClass, ...]]:
        """How many classes the infrastructure knows, and those beyond the base ones."""
        base = len(self._world.classes.service)
        found = [(report.classes, report.groups) for report in self.reports_at(slot).values()]
        return max(found, key=lambda entry: entry[0], default=(base, ()))

    def observation(
        self,
        slot: int,
        frame_start: bool,
        live: Sequence[bool],
        prior: dict[int, Floats],
        hosts_prior: Floats,
        announced: Floats | None,
    ) -> EndToEndObservation:
        """Put the reports together; domains that never reported count as idle and not live."""
        world = self._world
        nodes, links = len(world.node_domain), len(world.link_domain)
        services, candidates = len(world.work_gc), world.candidates.shape[1]
        count, groups = self.groups(slot)
        classes = with_groups(world.classes, groups, count)
        background, utilisation, backlog = np.zeros(nodes), np.zeros(nodes), np.zeros(nodes)
        ready = np.zeros((services, nodes), dtype=np.int64)
        placed = np.zeros((services, nodes), dtype=np.int64)
        capacity = world.link_nominal_capacity_mbit_s.copy()
        energy = world.link_nominal_energy_j_mbit.copy()
        used = np.zeros(links)
        for site in self._sites:
            seen = self._observed.get(site.index)
            if seen is None:
                continue
            background[site.nodes] = seen.background
            utilisation[site.nodes] = seen.utilisation
            backlog[site.nodes] = seen.backlog_gc
            ready[:, site.nodes] = seen.ready
            placed[:, site.nodes] = seen.placed
            capacity[site.links] = seen.link_capacity_mbit_s
            energy[site.links] = seen.link_energy_j_mbit
            used[site.links] = seen.link_utilisation
        rows = np.zeros((candidates,))
        stacked = np.stack([prior.get(c, rows) for c in range(count)])
        requests = self._requests_of(slot, count)
        return EndToEndObservation(
            slot=slot,
            frame_start=frame_start,
            requests=requests,
            announced=np.zeros_like(requests) if announced is None else announced,
            classes=classes,
            background=background,
            utilisation=utilisation,
            backlog_gc=backlog,
            ready=ready,
            placed=placed,
            link_capacity_mbit_s=capacity,
            link_energy_j_mbit=energy,
            link_utilisation=used,
            live=np.array(live, dtype=bool),
            prior=stacked,
            hosts_prior=hosts_prior,
        )

    def _requests_of(self, slot: int, count: int) -> Floats:
        """[D, C]: this slot's arrivals; where a terminal is silent, its last known ones."""
        origins = self._world.candidates.shape[0]
        requests = np.zeros((origins, count))
        kept = min(count, self._requests.shape[1])
        requests[:, :kept] = self._requests[:, :kept]
        for origin, report in self.reports_at(slot).items():
            if origin < origins and report.arrivals:
                requests[origin] = 0.0
                known = min(count, len(report.arrivals))
                requests[origin, :known] = report.arrivals[:known]
        self._requests = requests
        return requests

    def qualities(self, slot: int, traffic_class: int) -> list[ClassQuality]:
        """What each origin's users of a class got, as the reports of `slot` say."""
        return [
            quality
            for report in self.reports_at(slot).values()
            for quality in report.quality
            if quality.traffic_class == traffic_class
        ]

    def summary(
        self,
        slot: int,
        policy: str,
        classes: TrafficClasses,
        live: Sequence[bool],
        intents: tuple[str, ...],
        stale: int,
    ) -> SystemView | None:
        """The view of the slot before `slot`, which its reports measured; None before the first."""
        reports = self.reports_at(slot)
        outcomes = {d: report.outcome for d, report in reports.items() if report.outcome}
        if not outcomes:
            return None
        energy = {
            d: o.computing_j + o.network_j + o.idle_j + o.keepalive_j + o.start_j
            for d, o in outcomes.items()
        }
        idle = sum(o.idle_j for o in outcomes.values())
        everything = [quality for report in reports.values() for quality in report.quality]
        requests = sum(q.requests for q in everything)
        satisfied = sum(q.satisfied for q in everything)
        total = sum(energy.values())
        return SystemView.model_construct(
            measured_slot=slot - 1,
            policy=policy,
            energy_j=total,
            satisfied=satisfied,
            requests=requests,
            satisfied_share=satisfied / requests if requests else 1.0,
            cost=(total - idle) / REFERENCE_J + PENALTY * (requests - satisfied),
            domains=tuple(
                self._domain_state(site, slot, live[site.index], energy.get(site.index, 0.0))
                for site in self._sites
            ),
            services=self._service_states(classes, everything),
            arrivals_per_origin=tuple(self._requests.sum(axis=1).tolist()),
            active_intents=intents,
            stale=stale,
        )

    def _domain_state(self, site: Site, slot: int, live: bool, energy_j: float) -> DomainState:
        seen = self._observed.get(site.index)
        state = "live" if live and self.slot_of(site.index) == slot else "stale"
        return DomainState(
            domain=site.domain,
            state="lost" if not live else state,
            utilisation=0.0 if seen is None else float(np.mean(seen.utilisation)),
            energy_j=energy_j,
            replicas=0 if seen is None else int(seen.placed.sum()),
        )

    def _service_states(
        self, classes: TrafficClasses, everything: Sequence[ClassQuality]
    ) -> tuple[ServiceState, ...]:
        replicas = np.zeros(len(self._service_ids), dtype=np.int64)
        for seen in self._observed.values():
            replicas += seen.placed.sum(axis=1)
        grouped: dict[int, list[ClassQuality]] = {}
        for quality in everything:
            if quality.traffic_class < len(classes.service):
                service = int(classes.service[quality.traffic_class])
                grouped.setdefault(service, []).append(quality)
        states = []
        for service, name in enumerate(self._service_ids):
            mine = grouped.get(service, [])
            p50, p95, p99 = merged_percentiles(mine)
            states.append(
                ServiceState.model_construct(
                    service=name,
                    requests=sum(q.requests for q in mine),
                    satisfied=sum(q.satisfied for q in mine),
                    replicas=int(replicas[service]),
                    p50_ms=p50,
                    p95_ms=p95,
                    p99_ms=p99,
                )
            )
        return tuple(states)
