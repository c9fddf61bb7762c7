"""What-if questions about one intent among those that run, asked in one slot.

A question changes nothing: the policy is asked as if the intent were there, and without those
that are thought away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats
from cnc.messages.feasibility import Constraint
from cnc.messages.intents import Intent
from cnc.orchestrators.end_to_end.constraints import bottleneck, obstacle
from cnc.orchestrators.end_to_end.demand import Demand, demand_of
from cnc.orchestrators.end_to_end.loads import Load, situation
from cnc.orchestrators.end_to_end.outlook import Forecast, Surroundings, extended, look_ahead
from cnc.orchestrators.end_to_end.planning import deadline_fit, energy_fit, energy_of
from cnc.orchestrators.end_to_end.prediction import predict_routes, share_within
from cnc.orchestrators.end_to_end.verdict import required_share
from cnc.orchestrators.offers import Offers
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import World

TOLERANCE = 0.005
"""Of a share; a forecast is not finer than that, so that less harms nobody."""

SHORT = 0.10
"""How far below the required share an intent is still planned, as of lower quality. A forecast
that errs by more was not seen; what falls shorter would waste work that comes too late."""


@dataclass(frozen=True, eq=False)
class Rival:
    """Another intent that runs, or is about to."""

    intent_id: str
    service_name: str
    priority: int
    required: float
    demand: Demand
    flow: Floats
    """[D, R] requests."""
    load: Load
    traffic_class: int | None
    """Its class in the observation; None where it is only planned."""
    measured: bool
    """Whether the measured utilisations have its load in them."""


@dataclass(frozen=True, eq=False)
class Harm:
    """A rival that would fall below what it asks."""

    rival: Rival
    before: float
    after: float
    constraint: Constraint


@dataclass(frozen=True, eq=False)
class Trial:
    """An intent among its rivals, some of them thought away."""

    intent: Intent
    demand: Demand
    fit: Floats | None
    """[K] log-weights: how well each candidate keeps the deadline, and saves energy if wished."""
    required: float
    obstacle: Constraint | None
    forecast: Forecast | None
    harmed: tuple[Harm, ...] = field(default=())
    saving: tuple[float, float] | None = None
    """J of a request without and with the wish for little energy, where that was said; the same
    twice where it changes nothing."""

    @property
    def green(self) -> bool:
        """The wish for little energy has a say."""
        return self.saving is not None and self.saving[1] < self.saving[0]

    @property
    def share(self) -> float:
        """Predicted in time."""
        return 0.0 if self.forecast is None else self.forecast.share

    @property
    def met(self) -> bool:
        """Nothing stands against it, and enough is in time."""
        return self.obstacle is None and self.share >= self.required

    @property
    def near(self) -> bool:
        """Met, or so little short that it is still worth doing."""
        return self.obstacle is None and self.share >= self.required - SHORT


class Assessment:
    """Answers for one intent in one slot.

    Args:
        world: inventory.
        offers: the services on offer.
        agent: whose distribution is asked for.
        around: what runs.
        rivals: the other intents, the earliest first.
        prior: [K] log-weights from knowledge.
    """

    def __init__(
        self,
        world: World,
        offers: Offers,
        agent: EndToEndAgent,
        around: Surroundings,
        rivals: Sequence[Rival],
        prior: Floats,
    ) -> None:
        self.world = world
        self.rivals = tuple(rivals)
        self._offers = offers
        self._agent = agent
        self._around = around
        self._prior = prior

    def attempt(self, intent: Intent, without: Sequence[Rival] = ()) -> Trial:
        """The intent as it would fare, without some rivals.

        Raises:
            IntentError: its area names no domain.
            NotFoundError: its service is not on offer.
        """
        world, around = self.world, self._without(without)
        observation = around.observation
        offer = self._offers.of(intent.service)
        where = user_shares(self._around.observation)
        demand = demand_of(intent, offer, world, where)
        required = required_share(intent)
        none = np.zeros(world.candidates.shape[1])
        against = obstacle(world, extended(observation, demand, none), demand)
        if against is not None:
            return Trial(intent, demand, None, required, against, None)
        fit = deadline_fit(world, observation, demand)
        forecast = look_ahead(world, around, demand, self._prior + fit, self._agent, required)
        saving = None
        if intent.energy_preference is not None and intent.energy_preference.value == "low":
            wish = fit + energy_fit(world, observation, demand)
            greener = look_ahead(world, around, demand, self._prior + wish, self._agent, required)
            before, after = energy_of(forecast), energy_of(greener)
            saving = (before, before)
            if after < before and greener.share >= min(required, forecast.share):
                fit, forecast, saving = wish, greener, (before, after)
        trial = Trial(intent, demand, fit, required, None, forecast, saving=saving)
        left = [rival for rival in self.rivals if rival not in without]
        harmed = [harm for rival in left if (harm := self._harm(rival, trial, around))]
        return replace(trial, harmed=tuple(harmed))

    def binding(self, trial: Trial) -> Constraint | None:
        """What stands against a trial that is not met."""
        if trial.forecast is None or trial.met:
            return trial.obstacle
        return bottleneck(self.world, trial.forecast, trial.demand, trial.required)

    def _without(self, rivals: Sequence[Rival]) -> Surroundings:
        around = self._around
        for rival in rivals:
            around = without(self.world, around, rival)
        return around

    def _harm(self, rival: Rival, trial: Trial, around: Surroundings) -> Harm | None:
        """How a rival falls short because of a trial's flow; None where it does not."""
        before, there = self._beside(rival, trial, around)
        if before < rival.required or there.share >= rival.required - TOLERANCE:
            return None
        binding = bottleneck(self.world, there, rival.demand, rival.required)
        return Harm(rival, before, there.share, binding)

    def _beside(self, rival: Rival, trial: Trial, around: Surroundings) -> tuple[float, Forecast]:
        """A rival's share before a trial, and how it fares beside the trial's flow."""
        forecast = trial.forecast
        assert forecast is not None
        world, none = self.world, np.zeros(self.world.candidates.shape[1])
        seen = extended(around.observation, rival.demand, none)
        last, total = len(seen.classes.service) - 1, float(rival.demand.requests.sum())
        limit_ms = rival.demand.deadline_s * 1e3
        before_at = situation(world, seen, around.committed, around.standing_gc)
        before = share_within(
            predict_routes(world, seen, last, before_at), rival.flow, total, limit_ms
        )
        seen = replace(seen, ready=forecast.observation.ready)
        prediction = predict_routes(world, seen, last, forecast.at)
        after = share_within(prediction, rival.flow, total, limit_ms)
        return before, replace(
            forecast, observation=seen, flow=rival.flow, prediction=prediction, share=after
        )


def without(world: World, around: Surroundings, rival: Rival) -> Surroundings:
    """What would be seen and counted if a rival were not there."""
    seen, load, c = around.observation, rival.load, rival.traffic_class
    if c is None:
        return replace(around, committed=around.committed + (-load))
    requests = seen.requests.copy()
    requests[:, c] = 0.0
    standing = np.maximum(around.standing_gc - load.replica_gc, 0.0)
    away = Load(-load.node_gc, np.zeros_like(standing), -load.link_mbit)
    seen = replace(seen, requests=requests)
    if not rival.measured:
        committed = around.committed + away
        return replace(around, observation=seen, standing_gc=standing, committed=committed)
    left = situation(world, seen, away)
    seen = replace(seen, utilisation=left.node, link_utilisation=left.link)
    return replace(around, observation=seen, standing_gc=standing)


def user_shares(observation: EndToEndObservation) -> Floats:
    """[D] where users are at this moment."""
    per_origin = observation.requests.sum(axis=1)
    if per_origin.sum() <= 0:
        return np.full(len(per_origin), 1.0 / len(per_origin))
    return np.asarray(per_origin / per_origin.sum())
