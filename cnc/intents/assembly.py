"""The intent of a recognised service: what was said, else what the catalogue assumes."""

from __future__ import annotations

from collections.abc import Iterable

from cnc.intents.catalogue import Catalogue, Figure, Service
from cnc.intents.heads import Probabilities
from cnc.intents.slots import Stated, rate_per_user
from cnc.intents.windows import structured
from cnc.messages.intents import RELIABILITY_UNSAID_PCT, Intent, RunnerUp, Slot


def runners_up(
    catalogue: Catalogue, services: Probabilities, order: Iterable[int]
) -> tuple[RunnerUp, ...]:
    """The services at those indices with their probabilities."""
    return tuple(
        RunnerUp(
            service=catalogue.services[i].id,
            service_name=catalogue.services[i].name,
            confidence=round(min(1.0, float(services[i])), 4),
        )
        for i in order
    )


def build_intent(
    service: Service,
    stated: Stated,
    *,
    confidence: float,
    others: tuple[RunnerUp, ...] = (),
    language: str = "en",
) -> Intent:
    """Fill every slot, each with its origin; what cannot be done as said is noted."""
    hardware, density = stated.hardware, stated.density
    users = stated.users or Slot[int](
        value=service.demand.users, origin="assumed", source="catalogue default"
    )
    rate, total = rate_per_user(stated, service, users.value), stated.data_rate_total_mbps
    return Intent(
        service=service.id,
        service_name=service.name,
        scenario=service.scenario,
        users=users,
        latency_ms=stated.latency_ms or _assumed(service.qos.application_deadline_ms),
        data_rate_mbps=rate,
        data_rate_total_mbps=None if rate is stated.data_rate_total_mbps else total,
        reliability_pct=stated.reliability_pct or _usual_reliability(service.qos.reliability_pct),
        priority=Slot[int](value=stated.priority.value, origin="said")
        if stated.priority is not None
        else Slot[int](value=service.demand.priority, origin="assumed", source="catalogue default"),
        compute_gc=stated.compute_gc,
        hardware=Slot[str](value=hardware.value, origin="said") if hardware else None,
        density_per_km2=Slot[float](value=density.per_km2, origin="said") if density else None,
        area=Slot[str](value=stated.area.value, origin="said") if stated.area else None,
        time_window=Slot[str](value=stated.time_window.value, origin="said")
        if stated.time_window
        else None,
        window=structured(stated.time_window.value) if stated.time_window else None,
        energy_preference=Slot(value=stated.energy.value, origin="said") if stated.energy else None,
        confidence=round(min(1.0, confidence), 4),
        runners_up=others[:2],
        language=language,
        notes=(*_notes(stated), *_note_on_rate(stated, rate, users)),
    )


def _notes(stated: Stated) -> tuple[str, ...]:
    notes = list(stated.notes)
    if stated.hardware is not None and stated.compute_gc is None:
        notes.append(
            f'"{stated.hardware.value}" is kept as said and changes nothing: work is counted in '
            '10^9 cycles a request, such as "0.5 Gc"'
        )
    if stated.density is not None and not stated.density.area_said:
        notes.append(
            "the density is taken over one square kilometre, since no area was said: add "
            '"over 2 square kilometres"'
        )
    if stated.directions_mbps is not None:
        larger, smaller = stated.directions_mbps
        notes.append(
            f"of the two directions the larger rate counts: {larger:g} Mbit/s, not {smaller:g}, "
            "since a user has one rate here"
        )
    if stated.energy is not None and stated.energy.value == "balanced":
        notes.append("balanced energy is how plans are made anyway, so that it changes nothing")
    if stated.time_window is not None:
        notes.append(
            f'the time window "{stated.time_window.value}" is kept as said; the service starts at '
            "once and runs until it ends or is withdrawn, since the emulator has no calendar"
        )
    return tuple(notes)


def _note_on_rate(stated: Stated, rate: Slot[float], users: Slot[int]) -> tuple[str, ...]:
    """How a rate was read beside which no users are said."""
    total = stated.data_rate_total_mbps
    if total is None or stated.shared or stated.users is not None:
        return ()
    if rate is total:
        return (f"{total.value:g} Mbit/s are taken for each of the {users.value} assumed users",)
    return (
        f"{total.value:g} Mbit/s are taken for all {users.value} assumed users together: "
        'add "each" if every one needs them',
    )


def _assumed(figure: Figure) -> Slot[float]:
    return Slot[float](value=figure.value, origin="assumed", source=figure.source)


def _usual_reliability(standard: Figure) -> Slot[float]:
    """What is judged where no reliability is said; the standard's figure is told beside it."""
    source = "what the emulated infrastructure can meet"
    if not standard.source.startswith("project default"):
        source += f"; {standard.value:g} % in {standard.source}"
    return Slot[float](value=RELIABILITY_UNSAID_PCT, origin="assumed", source=source)
