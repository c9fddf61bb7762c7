"""3GPP TS 28.312 `IntentReport`: fulfilment, feasibility and conflicts of an intent.

| field of TS 28.312 | intent |
| --- | --- |
| `id`, `intentReference`, `lastUpdatedTime` | intent id; when the report was written |
| `intentFulfilmentReport.intentFulfilmentInfo` | last event, its message |
| `expectationFulfilmentResults[].targetFulfilmentResults[]` | measured p95 latency, share in time |
| `intentFeasibilityCheckReport.feasibilityCheckResult` | INFEASIBLE also for lower quality |
| `infeasibilityReasons` | INTENT_CONFLICT, or INVALID_INTENT_EXPRESSION (unknown service, area) |
| `inFeasibleExpectationInfos[].inFeasibleTargets[].recommendedValue` | the nearest offers |
| `additionalPreEvaluationInfo` | what binds, in words |
| `intentConflictReports[]` | conflicts: `conflictingIntent`, `recommendedSolutions` |

Sources: the data types of TS28312_IntentNrm.yaml of Release 19 as public implementations repeat
them (strict models of an O-RAN SMO in Python; a digest of 28312-j50): FulfilmentInfo,
ExpectationFulfilmentResult, TargetFulfilmentResult, IntentConflictReport,
IntentFeasibilityCheckReport, InFeasibleExpectationInfo, InFeasibleTargetInfo. The OpenAPI itself
was not at hand; it is said to misspell `notFullfilledState`, `expectaitonId` and to have
`expectationFulfilmentResult` in the singular. All are read; what is written is spelt right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.messages.feasibility import Conflict, Feasibility
from cnc.messages.intents import EventName, Intent

TITLE = "3GPP TS 28.312 IntentReport"
_PARTS = ("intentFulfilmentReport", "intentFeasibilityCheckReport", "intentConflictReports")
_STATES: dict[EventName, str] = {
    "degraded": "DEGRADED",
    "ask": "SUSPENDED",
    "refused": "TERMINATED",
    "infeasible": "TERMINATED",
    "withdrawn": "TERMINATED",
}


@dataclass(frozen=True)
class Report:
    """What an IntentReport says."""

    intent_id: str
    fulfilled: bool | None
    """None where it has no fulfilment report."""
    state: str | None = None
    reasons: tuple[str, ...] = ()
    feasible: bool | None = None
    """None where it has no feasibility check report."""
    recommended: tuple[tuple[str, float], ...] = ()
    """Targets that cannot be met, with the value that could."""
    conflicts: tuple[tuple[str, str], ...] = ()
    """Conflicting intents, with the recommended solution (empty where there is none)."""


def write(described: Described) -> dict[str, Any]:
    """What became of the intent as an IntentReport of TS 28.312."""
    document: dict[str, Any] = {
        "id": f"{described.intent_id}-report",
        "intentReference": f"Intent={described.intent_id}",
    }
    if described.written_at is not None:
        document["lastUpdatedTime"] = described.written_at
    document["intentFulfilmentReport"] = _fulfilment(described)
    if described.feasibility is not None:
        document["intentFeasibilityCheckReport"] = _feasibility(
            described.intent, described.feasibility, described.conflicts
        )
    elif described.event == "infeasible":
        document["intentFeasibilityCheckReport"] = {
            "feasibilityCheckResult": "INFEASIBLE",
            "infeasibilityReasons": ["INVALID_INTENT_EXPRESSION"],
            "additionalPreEvaluationInfo": described.message,
        }
    if described.conflicts:
        document["intentConflictReports"] = [
            {
                "conflictId": str(number),
                "conflictType": "INTENT_CONFLICT",
                "conflictingIntent": f"Intent={conflict.with_intent}",
                "recommendedSolutions": conflict.solution,
            }
            for number, conflict in enumerate(described.conflicts, start=1)
        ]
    return document


def _fulfilment(described: Described) -> dict[str, Any]:
    whole = described.event == "compliant"
    state = "SUSPENDED" if described.suspended else _STATES.get(described.event, "RECEIVED")
    info = _info(whole, state)
    if not whole and described.message:
        info["notFulfilledReasons"] = [described.message]
    report: dict[str, Any] = {"intentFulfilmentInfo": info}
    if described.measured is not None:
        report["expectationFulfilmentResults"] = [
            {
                "expectationId": "1",
                "expectationFulfilmentInfo": _info(whole, state),
                "targetFulfilmentResults": _targets(described, state),
            }
        ]
    return report


def _targets(described: Described, state: str) -> list[dict[str, Any]]:
    """The targets that are measured: the 95th percentile of latency, and the share in time."""
    measured, intent = described.measured, described.intent
    assert measured is not None
    p95, share = measured.p95_ms, 100.0 * measured.satisfied_share
    asked = intent.reliability_pct
    needed = asked.value if asked.origin == "said" else 95.0
    late: dict[str, Any] = {
        "targetName": "UlLatency",
        "targetFulfilmentInfo": _info(p95 is not None and p95 <= intent.latency_ms.value, state),
    }
    if p95 is not None:
        late["targetAchievedValue"] = p95
    reliable = {
        "targetName": "reliability",
        "targetFulfilmentInfo": _info(share >= needed, state),
        "targetAchievedValue": float(f"{share:.12g}"),
    }
    return [late, reliable]


def _info(fulfilled: bool, state: str) -> dict[str, Any]:
    if fulfilled:
        return {"fulfilmentStatus": "FULFILLED"}
    return {"fulfilmentStatus": "NOT_FULFILLED", "notFulfilledState": state}


def _feasibility(
    intent: Intent, found: Feasibility, conflicts: tuple[Conflict, ...]
) -> dict[str, Any]:
    feasible = found.state == "feasible"
    report: dict[str, Any] = {
        "feasibilityCheckResult": "FEASIBLE" if feasible else "INFEASIBLE",
        "infeasibilityReasons": ["INTENT_CONFLICT"] if conflicts and not feasible else [],
    }
    targets = [
        {"targetName": "maxNumberofUEs", "recommendedValue": offer.users}
        for offer in found.offers
        if offer.users != intent.users.value
    ]
    targets += [
        {"targetName": "UlLatency", "recommendedValue": offer.latency_ms}
        for offer in found.offers
        if offer.latency_ms != intent.latency_ms.value
    ]
    if targets:
        report["inFeasibleExpectationInfos"] = [
            {"expectationId": "1", "inFeasibleTargets": targets}
        ]
    if found.constraint is not None and found.constraint.detail:
        report["additionalPreEvaluationInfo"] = found.constraint.detail
    return report


def matches(document: Node) -> bool:
    """Whether the document is an IntentReport of TS 28.312."""
    return any(document.get(name) is not None for name in _PARTS)


def read(document: Node) -> Report:
    """What a report says.

    Raises:
        ConfigurationError: it cannot be read; the message names the path and what is allowed.
    """
    reference = document.need("intentReference", allowed="a reference to the intent")
    return Report(
        _name(reference),
        *_read_fulfilment(document),
        *_read_feasibility(document),
        conflicts=tuple(_read_conflicts(document)),
    )


def _read_fulfilment(document: Node) -> tuple[bool | None, str | None, tuple[str, ...]]:
    report = document.get("intentFulfilmentReport")
    if report is None:
        return None, None, ()
    info = report.need("intentFulfilmentInfo", allowed="an object with fulfilmentStatus")
    status = info.need("fulfilmentStatus", "fulfilStatus", allowed="FULFILLED or NOT_FULFILLED")
    words = status.text("FULFILLED or NOT_FULFILLED").upper()
    if words not in ("FULFILLED", "NOT_FULFILLED"):
        raise status.wrong("allowed are FULFILLED, NOT_FULFILLED")
    state = info.get("notFulfilledState", "notFullfilledState")
    reasons = info.get("notFulfilledReasons")
    told: tuple[str, ...] = ()
    if reasons is not None:
        listed = reasons.value if isinstance(reasons.value, list) else [reasons.value]
        told = tuple(Node(each, reasons.source, reasons.path).text() for each in listed)
    return words == "FULFILLED", None if state is None else state.text().upper(), told


def _read_feasibility(document: Node) -> tuple[bool | None, tuple[tuple[str, float], ...]]:
    report = document.get("intentFeasibilityCheckReport")
    if report is None:
        return None, ()
    allowed = "allowed are FEASIBLE, INFEASIBLE"
    result = report.need("feasibilityCheckResult", allowed=allowed)
    words = result.text(allowed).upper()
    if words not in ("FEASIBLE", "INFEASIBLE"):
        raise result.wrong(allowed)
    found: list[tuple[str, float]] = []
    expectations = report.get("inFeasibleExpectationInfos", "inFeasibleExpectationInfo")
    for expectation in expectations.items() if expectations is not None else ():
        targets = expectation.get("inFeasibleTargets", "inFeasibleTarget")
        for target in targets.items() if targets is not None else ():
            name, value = target.get("targetName"), target.get("recommendedValue")
            if name is not None and value is not None:
                found.append((name.text(), value.number()))
    return words == "FEASIBLE", tuple(found)


def _read_conflicts(document: Node) -> list[tuple[str, str]]:
    reports = document.get("intentConflictReports", "intentConflictReport")
    found = []
    for each in reports.items() if reports is not None else ():
        intent, solution = each.get("conflictingIntent"), each.get("recommendedSolutions")
        name = "" if intent is None else _name(intent)
        found.append((name, "" if solution is None else solution.text()))
    return found


def _name(reference: Node) -> str:
    """The intent's id in a distinguished name such as `SubNetwork=1,Intent=7`, or alone."""
    words = reference.text("a distinguished name such as Intent=intent-3f2a91c0d1e2")
    return words.rsplit(",", 1)[-1].rsplit("=", 1)[-1]
