"""The book of intents: every record, and what planning and deployment take from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cnc.environment.sites import Floats
from cnc.messages.telemetry import TrafficClass
from cnc.orchestrators.end_to_end.influence import hosts_prior
from cnc.orchestrators.end_to_end.quantiles import QualityWindow
from cnc.orchestrators.end_to_end.record import RUNNING, IntentRecord
from cnc.simulator.world import World

HISTORY_LIMIT = 200
"""Ended intents that are remembered for `list` and `explain`."""


class IntentBook:
    """Keeps the records of all intents, the newest last."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._records: dict[str, IntentRecord] = {}

    def __iter__(self) -> Iterator[IntentRecord]:
        return iter(tuple(self._records.values()))

    def get(self, intent_id: str) -> IntentRecord | None:
        """The record of that id."""
        return self._records.get(intent_id)

    def add(self, record: IntentRecord) -> None:
        """Enter a record; the oldest ended ones beyond the limit are forgotten."""
        self._records[record.intent_id] = record
        ended = [key for key, kept in self._records.items() if kept.state == "ended"]
        for key in ended[: max(0, len(self._records) - HISTORY_LIMIT)]:
            del self._records[key]

    @property
    def active(self) -> tuple[IntentRecord, ...]:
        """Intents with a group that runs or waits to run."""
        return tuple(record for record in self if record.state in RUNNING)

    def priors(self) -> dict[int, Floats]:
        """[K] log-weights by traffic class of the running intents."""
        return {
            record.traffic_class: weights
            for record in self.active
            if record.traffic_class is not None and (weights := record.weights) is not None
        }

    def hosts_prior(self, domains: int, services: int) -> Floats:
        """[domains, S] wishes of the running intents for deployment."""
        wish = np.zeros((domains, services))
        for record in self.active:
            assert record.demand is not None
            column = hosts_prior(
                record.weights, record.demand.requests, self._world.candidates, domains
            )
            service = record.demand.service
            wish[:, service] = np.where(
                np.abs(column) > np.abs(wish[:, service]), column, wish[:, service]
            )
        return wish

    def announced(self, classes: int) -> Floats | None:
        """[D, C] demand that waits for replicas, carried by the service's base class."""
        waiting = [r for r in self.active if r.state == "announced"]
        if not waiting:
            return None
        demand = np.zeros((self._world.candidates.shape[0], classes))
        for record in waiting:
            assert record.demand is not None
            demand[:, record.demand.service] += record.demand.requests
        return demand

    def class_rows(self, origins: Sequence[int]) -> tuple[TrafficClass, ...]:
        """The classes of intents as one domain with these candidate origins is told."""
        rows = []
        for record in self.active:
            assert record.demand is not None
            waits = record.state == "announced"
            demand = record.demand.requests[list(origins)]
            rows.append(record.class_row(demand if waits else None))
        return tuple(rows)

    def free_class(self) -> int:
        """The lowest class number beyond the base ones that no running intent has."""
        base = len(self._world.classes.service)
        taken = {record.traffic_class for record in self.active}
        free = base
        while free in taken:
            free += 1
        return free

    def snapshot(self) -> list[dict[str, Any]]:
        """The records that a restart needs: those that were planned, or have parts."""
        return [r.snapshot() for r in self if r.demand is not None or r.parts]

    def restore(self, records: Sequence[dict[str, Any]]) -> None:
        """Take up records of an earlier life."""
        for data in records:
            record = IntentRecord.restored(data)
            self.add(record)

    def begin_run(self) -> None:
        """A new infrastructure knows none of the groups: running intents are announced again."""
        for record in self.active:
            record.state = "announced"
            record.announced_at = -1
            record.started_at = None
            record.window = QualityWindow()
        for record in self:
            if record.resumes_at is not None:
                record.resumes_at = -1
