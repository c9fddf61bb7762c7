"""Playing a recording back into domain orchestrators, and comparing what they decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnc.bus.interface import Received
from cnc.bus.recording import read_recording
from cnc.errors import NotFoundError
from cnc.messages.directives import DomainDirective
from cnc.messages.presence import ClockTick
from cnc.messages.telemetry import DomainActuation, DomainTelemetry
from cnc.orchestrators.domain.orchestrator import DomainOrchestrator
from cnc.orchestrators.events import MessageEvent
from cnc.orchestrators.instructions import Publish
from cnc.processes.blueprint import Blueprint, SystemConfig


@dataclass
class ReplayResult:
    """How the decisions of a replay compare with the recorded ones."""

    decisions: int = 0
    same: int = 0
    unmatched: int = 0
    domains: int = 0
    different: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "decisions": self.decisions,
            "same": self.same,
            "different": len(self.different),
            "unmatched": self.unmatched,
            "domains": self.domains,
        }


def replay_file(path: Path) -> ReplayResult:
    """Play a recording back.

    Raises:
        StorageError: the file cannot be read.
        NotFoundError: it holds no clock tick, so the system it came from is unknown.
    """
    return replay(list(read_recording(path)))


def replay(messages: Iterable[Received]) -> ReplayResult:
    """Give each domain its telemetry and directives again; compare the actuations.

    Raises:
        NotFoundError: no clock tick says which scenario, seed and policy this was.
    """
    kept = list(messages)
    tick = next((r.envelope.body for r in kept if isinstance(r.envelope.body, ClockTick)), None)
    if tick is None:
        raise NotFoundError(
            "the recording has no clock tick, which names scenario, seed and policy; record the "
            "whole bus with `cnc tail --record FILE`"
        )
    blueprint = Blueprint(
        SystemConfig(
            broker="", scenario=tick.scenario, seed=tick.seed, load=tick.load, policy=tick.policy
        )
    )
    recorded = {
        (r.envelope.body.domain, r.envelope.run, r.envelope.slot): r.envelope.body
        for r in kept
        if isinstance(r.envelope.body, DomainActuation)
    }
    result = ReplayResult()
    orchestrators: dict[str, DomainOrchestrator] = {}
    for received in kept:
        body = received.envelope.body
        if not isinstance(body, DomainTelemetry | DomainDirective):
            continue
        if body.domain not in orchestrators:
            orchestrators[body.domain] = DomainOrchestrator(
                blueprint.site(body.domain),
                blueprint.policy,
                blueprint.config.seed,
                blueprint.topics,
            )
        envelope = received.envelope
        event = MessageEvent(
            topic=received.topic,
            sender=envelope.sender,
            body=body,
            slot=envelope.slot,
            run=envelope.run,
        )
        for instruction in orchestrators[body.domain].handle(event):
            if isinstance(instruction, Publish) and isinstance(instruction.body, DomainActuation):
                key = (body.domain, envelope.run, envelope.slot)
                _compare(result, recorded.get(key), instruction.body, key)
    result.domains = len(orchestrators)
    return result


def _compare(
    result: ReplayResult,
    before: DomainActuation | None,
    now: DomainActuation,
    key: tuple[str, str, int | None],
) -> None:
    result.decisions += 1
    if before is None:
        result.unmatched += 1
    elif before.model_dump_json() == now.model_dump_json():
        result.same += 1
    else:
        result.different.append(f"{key[0]} in slot {key[2]} decides otherwise")
