"""When E2E looks for knowledge of the whole system, and what it does with what comes back.

It asks before the first replicas are placed, and at frame starts whose context is far from that of
the last answer. The decision waits for the answer, so that runs are the same however long it takes;
one that comes too late counts from the next frame start on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnc.environment.observations import EndToEndObservation
from cnc.knowledge.operating import changed_a_lot
from cnc.messages.intents import UsedKnowledge
from cnc.messages.knowledge import OperatingContext, ScoredEntry
from cnc.orchestrators.instructions import Compute
from cnc.policies.hmarl.learning.packing import Arrays, packed
from cnc.policies.hmarl.warm_agents import WarmEndToEnd
from cnc.policies.hmarl.warm_start import WarmStart, warm_start
from cnc.simulator.world import World

COMPUTATION = "warm_start"


class WarmUp:
    """Knowledge of the whole system in one run.

    Args:
        world: its inventory.
        services: catalogue ids, in the world's order.
        agent: E2E's.
    """

    def __init__(self, world: World, services: Sequence[str], agent: WarmEndToEnd) -> None:
        self._world, self._services, self._agent = world, tuple(services), agent
        self.forget()

    def forget(self) -> None:
        """A new run begins."""
        self.waiting: int | None = None
        """The slot whose decision waits for an answer."""
        self.used: tuple[UsedKnowledge, ...] = ()
        """The entries of the last answer and what each changed."""
        self._context: OperatingContext | None = None
        self._pending: WarmStart | None = None
        self._applied: tuple[int, WarmStart] | None = None

    def ask(self, observation: EndToEndObservation) -> Compute | None:
        """The question of this slot, if there is one; its decision waits then."""
        if not observation.frame_start:
            return None
        context = self.context_of(observation)
        if self._context is not None and not changed_a_lot(self._context, context):
            return None
        self._context, self.waiting = context, observation.slot
        return Compute(COMPUTATION, f"warm-{observation.slot}", {"context": context})

    def context_of(self, observation: EndToEndObservation) -> OperatingContext:
        """The state of the system as E2E sees it."""
        requests, names = observation.requests, self._world.domain_ids
        total = float(requests.sum())
        mix = dict.fromkeys(self._services, 0.0)
        for column, service in enumerate(observation.classes.service):
            mix[self._services[int(service)]] += float(requests[:, column].sum())
        return OperatingContext(
            scenario=self._world.parameters.name,
            mix={name: count / total for name, count in mix.items()} if total > 0 else {},
            load=total,
            hotspot=names[int(requests.sum(1).argmax())] if total > 0 else None,
            lost=tuple(n for n, live in zip(names, observation.live, strict=True) if not live),
        )

    def answer(self, found: Sequence[tuple[ScoredEntry, Arrays | None, str]]) -> str:
        """Take in what was retrieved; says in words what follows."""
        start = warm_start(found, self._world, self._agent.weights)
        self._pending, self.waiting = start, None
        if not start.changes:
            return "no knowledge fits this state: agents begin as they were shipped"
        return "; ".join(f"{c.entry_id}: {c.effect}" for c in start.changes)

    def apply(self, observation: EndToEndObservation) -> None:
        """Give E2E's agent what came, at frame starts; domains get theirs by `part_of`."""
        if self._pending is None or not observation.frame_start:
            return
        self._agent.warm(self._pending)
        self._applied, self._pending = (observation.slot, self._pending), None
        self.used = tuple(
            UsedKnowledge(
                entry_id=change.entry_id,
                title=change.title,
                score=round(change.score, 4),
                effect=f"start at slot {observation.slot}: {change.effect}",
            )
            for change in self._applied[1].changes
        )

    def part_of(self, domain: str, slot: int) -> str:
        """What a domain's directive of this slot brings along; mostly nothing."""
        if self._applied is None or self._applied[0] != slot:
            return ""
        arrays = self._applied[1].part_of(domain)
        return packed(arrays) if arrays else ""

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, as JSON values."""
        return {
            "context": None if self._context is None else self._context.model_dump(mode="json"),
            "used": [used.model_dump(mode="json") for used in self.used],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot: what was answered already is not asked again."""
        context = snapshot.get("context")
        self._context = None if context is None else OperatingContext.model_validate(context)
        self.used = tuple(UsedKnowledge.model_validate(used) for used in snapshot.get("used", ()))
