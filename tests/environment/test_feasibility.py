"""Scenarios that nobody could run are refused with the field that would have to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnc.environment.feasibility import first_problem
from cnc.environment.scenario import load_scenario, scenario_names
from cnc.errors import ConfigurationError
from cnc.simulator.parameters import Range, ScenarioParameters

PAPER = ScenarioParameters()


@pytest.mark.parametrize("name", scenario_names())
def test_what_ships_can_be_run(name: str) -> None:
    assert first_problem(load_scenario(name)) is None


@pytest.mark.parametrize(
    ("text", "line", "field", "says"),
    [
        ("transport: {memory_gb: 5}", 1, "transport.memory_gb", "6 GB each"),
        ("load: 1\ntransport:\n  nodes: 1", 2, "transport.memory_gb", "Give each"),
        ("service_classes: [{deadline_s: {low: 0.001, high: 0.004}}, {}, {}]", 1,
         "service_classes.0.deadline_s", "no request of this class can be in time"),
        ("load: 2\nservice_classes: [{}, {}, {work_gc: {low: 900, high: 900}}]", 2,
         "service_classes.2.deadline_s", "fastest node"),
        ("backhaul: [{capacity_mbit_s: 0}, {}]", 1, "backhaul.0.capacity_mbit_s", "is above 0"),
        ("xn: {capacity_mbit_s: 0}", 1, "xn.capacity_mbit_s", "is above 0"),
        ("radio: {bandwidth_mhz: 0}", 1, "radio.bandwidth_mhz", "is above 0"),
        ("ran: {capacity_gc_s: {low: 0}}", 1, "ran.capacity_gc_s.low", "is above 0"),
        ("terminal: {nodes: 0}", 1, "terminal.nodes", "at least 1"),
        ("most_replicas: 0", 1, "most_replicas", "at least 1"),
    ],
)  # fmt: skip
def test_the_impossible_is_named(
    text: str, line: int, field: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}, field {field}: "), message
    assert says in message


def test_slow_links_alone_leave_the_terminals() -> None:
    slow = replace(PAPER, radio=replace(PAPER.radio, propagation_s=9.0))
    assert first_problem(slow) is None
    far = tuple(replace(link, propagation_s=9.0) for link in slow.local)
    problem = first_problem(replace(slow, local=(far[0], far[1])))
    assert problem is not None and problem[0] == ("service_classes", 0, "deadline_s")


def test_a_class_that_may_not_be_drawn_is_no_reason() -> None:
    third = replace(PAPER.service_classes[2], deadline_s=Range(1e-6, 1e-6))
    classes = (*PAPER.service_classes[:2], third)
    assert first_problem(replace(PAPER, service_classes=classes)) is not None
    assert first_problem(replace(PAPER, service_classes=classes, services=2)) is None
    none = (third, third, third)
    assert first_problem(replace(PAPER, service_classes=none, services=1)) is not None
