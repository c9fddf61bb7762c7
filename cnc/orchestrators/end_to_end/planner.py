"""From an understood intent to a decision: planned, with what yields to it, or not feasible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.messages.feasibility import Conflict, Feasibility, Offer
from cnc.messages.intents import Intent, UsedKnowledge
from cnc.messages.knowledge import Tier
from cnc.messages.percent import percent
from cnc.orchestrators.end_to_end.assessment import Assessment, Rival, Trial
from cnc.orchestrators.end_to_end.book import IntentBook
from cnc.orchestrators.end_to_end.conflicts import Resolution, acceptable, resolve
from cnc.orchestrators.end_to_end.influence import used_knowledge
from cnc.orchestrators.end_to_end.loads import Load, load_of
from cnc.orchestrators.end_to_end.nearest import nearest_offers
from cnc.orchestrators.end_to_end.outlook import (
    Surroundings,
    extended,
    running_flow,
    surroundings,
)
from cnc.orchestrators.end_to_end.planning import Plan, make_plan, tier_shares
from cnc.orchestrators.end_to_end.record import IntentRecord
from cnc.orchestrators.end_to_end.spreading import over_usable
from cnc.orchestrators.end_to_end.verdict import required_share
from cnc.orchestrators.offers import Offers
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import World


@dataclass(frozen=True, eq=False)
class Decision:
    """What is decided about one intent."""

    trial: Trial
    feasibility: Feasibility
    message: str
    plan: Plan | None = None
    """None where it is not feasible."""
    conflicts: tuple[Conflict, ...] = ()
    suspended: tuple[str, ...] = ()
    knowledge: tuple[UsedKnowledge, ...] = field(default=())

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of the wish for little energy, where that was said and there is a plan."""
        saving = self.trial.saving
        if saving is None or self.plan is None:
            return ()
        before, after = saving
        if self.trial.green:
            return (
                f"little energy is preferred: {after:.2f} J a request predicted, "
                f"{before:.2f} J without that wish",
            )
        return (
            f"little energy is preferred, which changes nothing here: {before:.2f} J a request "
            "are predicted, and leaning to where less is spent would not save or not keep what is "
            "asked",
        )


class Planner:
    """Plans intents one by one, each among those that run.

    Args:
        world: inventory.
        offers: the services on offer.
        agent: whose distribution is asked for.
        node_names: by position in the world.
        link_names: by position in the world.
    """

    def __init__(
        self,
        world: World,
        offers: Offers,
        agent: EndToEndAgent,
        node_names: Sequence[str],
        link_names: Sequence[str],
    ) -> None:
        self._world = world
        self._offers = offers
        self._agent = agent
        self._node_names = node_names
        self._link_names = link_names

    def decide(
        self, record: IntentRecord, observation: EndToEndObservation, book: IntentBook
    ) -> Decision:
        """What becomes of a record whose knowledge was retrieved.

        Raises:
            IntentError: its area names no domain.
            NotFoundError: its service is not on offer.
        """
        intent = record.intent
        assert intent is not None and record.prior is not None
        around, rivals = self._others(record, observation, book)
        assessment = Assessment(
            self._world, self._offers, self._agent, around, rivals, record.prior
        )
        found = resolve(assessment, record.intent_id, intent)
        feasibility = self._feasibility(assessment, found)
        knowledge = self._knowledge(record, observation, found.trial)
        if feasibility.state == "infeasible" or found.trial.forecast is None:
            message = refusal(intent, feasibility, found.conflicts)
            return Decision(
                found.trial, feasibility, message, None, found.conflicts, knowledge=knowledge
            )
        plan = make_plan(
            self._world,
            found.trial.forecast,
            found.trial.demand,
            self._node_names,
            self._link_names,
        )
        return Decision(
            found.trial,
            feasibility,
            acceptance(intent, plan, feasibility, found.conflicts),
            plan,
            found.conflicts,
            found.suspended,
            knowledge,
        )

    def _feasibility(self, assessment: Assessment, found: Resolution) -> Feasibility:
        trial = found.trial
        binding = assessment.binding(trial)
        if found.yields:
            state = "infeasible"
            if binding is None:
                binding = next(iter(trial.harmed)).constraint
        elif trial.met:
            state = "feasible"
        else:
            state = "lower_quality" if trial.near else "infeasible"
        wanted = state != "feasible" and (binding is None or binding.resource != "request")
        offers = nearest_offers(assessment, trial, acceptable) if wanted else ()
        return Feasibility.model_validate(
            {
                "state": state,
                "required_share": trial.required,
                "predicted_share": trial.share,
                "constraint": binding,
                "offers": offers,
            }
        )

    def _others(
        self, record: IntentRecord, observation: EndToEndObservation, book: IntentBook
    ) -> tuple[Surroundings, tuple[Rival, ...]]:
        """What runs: the measured load, intents that are not measured yet, and each by itself."""
        world, rivals = self._world, []
        around = surroundings(world, observation, self._agent, Load.none(world))
        committed = around.committed
        for other in book.active:
            if other is record or other.intent is None or other.demand is None:
                continue
            demand, c = other.demand, other.traffic_class
            runs = c is not None and c < len(observation.classes) and c < around.delta.shape[1]
            if runs and c is not None and observation.requests[:, c].any():
                flow = running_flow(world, observation, around.delta, c)
            elif other.plan is not None:
                flow, runs = other.plan.forecast.flow, False
            else:
                continue
            size = demand.uplink_mbit + demand.downlink_mbit
            load = load_of(world, demand.service, size, flow)
            measured = other.started_at is not None and observation.slot > other.started_at
            if not measured:
                done = np.zeros_like(load.replica_gc) if runs else load.replica_gc
                committed = committed + Load(load.node_gc, done, load.link_mbit)
            rivals.append(
                Rival(
                    intent_id=other.intent_id,
                    service_name=other.intent.service_name,
                    priority=other.intent.priority.value,
                    required=required_share(other.intent),
                    demand=demand,
                    flow=flow,
                    load=load,
                    traffic_class=c if runs else None,
                    measured=runs and measured,
                )
            )
        return replace(around, committed=committed), tuple(rivals)

    def _knowledge(
        self, record: IntentRecord, observation: EndToEndObservation, trial: Trial
    ) -> tuple[UsedKnowledge, ...]:
        """What was retrieved, with how far it moved the shares of candidates."""
        if trial.forecast is None or trial.fit is None or not record.entries:
            return used_knowledge(record.entries, {}, {})
        after = tier_shares(trial.forecast.delta, trial.demand.requests)
        plain = extended(observation, trial.demand, trial.fit)
        delta = self._agent.distribute(plain)[:, -1]
        delta = over_usable(self._world, trial.forecast.usable, delta)
        before: dict[Tier, float] = tier_shares(delta, trial.demand.requests)
        return used_knowledge(record.entries, before, after)


def starts_now(plan: Plan, intent: Intent) -> bool:
    """What runs already is predicted to serve the intent as asked."""
    return not plan.forecast.later and plan.forecast.share >= required_share(intent)


def refusal(intent: Intent, found: Feasibility, conflicts: Sequence[Conflict]) -> str:
    """Why an intent cannot be met now, and what could be had."""
    if conflicts:
        reasons = "; ".join(f"conflict: {conflict.detail}" for conflict in conflicts)
    else:
        reasons = "" if found.constraint is None else found.constraint.detail
    return f"cannot be met now: {reasons}{_nearest(intent, found.offers)}"


def acceptance(
    intent: Intent, plan: Plan, found: Feasibility, conflicts: Sequence[Conflict]
) -> str:
    """When traffic starts, and what to expect of it."""
    text = (
        "its service runs where it is needed: traffic starts with the next slot"
        if starts_now(plan, intent)
        else "replicas come with the next frame; traffic starts when they are ready"
    )
    if found.state == "lower_quality":
        text += (
            f". Only {percent(found.predicted_share)} are predicted to be in time, and "
            f"{percent(found.required_share)} are asked"
        )
        if found.constraint is not None:
            text += f": {found.constraint.detail}"
        text += _nearest(intent, found.offers)
    for conflict in conflicts:
        text += f". Conflict: {conflict.detail}"
    return text


def _nearest(intent: Intent, offers: Sequence[Offer]) -> str:
    if not offers:
        return ". There is no nearer offer: neither a longer latency nor fewer users would help"
    return f". Nearest offer: {' or '.join(offer_text(intent, offer) for offer in offers)}"


def offer_text(intent: Intent, offer: Offer) -> str:
    """An offer in words, the figure that differs first."""
    latency, users = f"{offer.latency_ms:g} ms", f"{offer.users:,} users"
    if offer.users == intent.users.value:
        return f"at most {latency} for all {users}"
    return f"{users} at {latency}"
