"""Can an intent be met: what binds, what could be had instead, and which intents stand against it.

The words follow 3GPP TS 28.312: `feasibilityCheckResult` knows FEASIBLE and INFEASIBLE, a conflict
report a recommended solution, MODIFY or DELETE. The state between the two is the project's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cnc.messages.base import Identifier, Model

FeasibilityState = Literal["feasible", "lower_quality", "infeasible"]
Resource = Literal[
    "request", "reach", "latency", "access_link", "transport_link", "computing", "replicas"
]
ConflictRule = Literal["priority", "earlier"]
Solution = Literal["MODIFY", "DELETE"]
Share = Annotated[float, Field(ge=0, le=1)]


class Constraint(Model):
    """The resource that binds: how much the intent needs there, and how much there is."""

    resource: Resource
    where: str = ""
    """Node, link or domain; several with commas."""
    needed: float
    available: float
    unit: str
    detail: str = ""
    """For people: a sentence with both figures."""


class Offer(Model):
    """What is predicted to be met instead; other figures of the intent stay as they are."""

    users: Annotated[int, Field(ge=1)]
    latency_ms: Annotated[float, Field(gt=0)]
    predicted_share: Share


class Feasibility(Model):
    """The outcome of the check before anything is done."""

    state: FeasibilityState
    required_share: Share
    """Of requests in time: the reliability that was said, else 0.95."""
    predicted_share: Share
    """With the intent's own load on top of what runs."""
    constraint: Constraint | None = None
    """What binds; absent where it is feasible."""
    offers: tuple[Offer, ...] = ()
    """The nearest in latency and the nearest in users, where there are such."""


class Conflict(Model):
    """Two intents that cannot both hold: each alone can be met."""

    with_intent: Identifier
    with_service: str
    resource: Resource
    where: str = ""
    rule: ConflictRule
    """Priority decides, 1 before 9; at the same priority the earlier intent."""
    keeps: Identifier
    """The intent that is kept whole."""
    yields: Identifier
    solution: Solution
    """For the one that yields: change what it asks, or end it (TS 28.312 recommendedSolutions)."""
    suspended: bool = False
    """The one that yields carries no traffic while the other runs."""
    short: Identifier
    """The intent that would get too little beside the other."""
    share_alone: Share
    """Predicted for that one without the other."""
    share_together: Share
    """And beside it."""
    detail: str = ""
    """For people."""
