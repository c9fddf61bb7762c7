"""What people see on a narrow terminal: lines break between words and stay below their label."""

from __future__ import annotations

import io

import pytest
from bus.test_recording import received
from rich.console import Console
from rich.text import Text

from cnc.cli import output, service, tail
from cnc.messages.services import ServiceRecord

WORDS = "no placement meets 1 ms: with no load at all the nearest needs 42.8 ms"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 40 columns; both streams write to it."""
    written = io.StringIO()
    made = Console(file=written, width=40, force_terminal=True, no_color=True, highlight=False)
    monkeypatch.setattr(output, "_consoles", {"out": made, "err": made})
    return written


def test_further_lines_hang_below_the_label(narrow: io.StringIO) -> None:
    output.console().print(output.hanging(Text(f"    binds   {WORDS}"), 12))
    lines = narrow.getvalue().splitlines()
    assert len(lines) > 2 and lines[0].startswith("    binds   no placement")
    assert all(line.startswith(" " * 12) and line[12] != " " for line in lines[1:])
    assert " ".join(line[12:] for line in lines) == WORDS


def test_a_figure_stays_with_its_unit(narrow: io.StringIO) -> None:
    told = Text("together: own RAN 51 % → 61 %, p95 12.5 ms, 7 msgs, core ")
    told.append("0.25 Mbit/s", style="bold")
    for width in range(14, 40):
        output.console().width = width
        shown = output.hanging(told, 2)
        lines = shown.plain.splitlines()
        assert not any(line.strip().startswith(("%", "ms ", "Mbit/s")) for line in lines), lines
        assert "\ue000" not in shown.plain
        assert [shown.plain[s.start : s.end] for s in shown.spans] == ["0.25 Mbit/s"]


def test_a_short_text_stays_one_line(narrow: io.StringIO) -> None:
    assert output.hanging(Text("short"), 12).plain == "short"
    assert output.hanging(Text("    binds   reach"), 12).plain == "    binds   reach"


def test_errors_break_between_words(narrow: io.StringIO) -> None:
    output.failed(WORDS)
    lines = narrow.getvalue().splitlines()
    assert len(lines) > 1 and " ".join(line.rstrip() for line in lines).endswith(WORDS)


def test_no_id_of_a_service_is_cut_short(
    narrow: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the other commands take."""
    monkeypatch.setattr(output.console(), "width", 80)
    service.print_table(
        [
            ServiceRecord.model_validate(
                {
                    "descriptor": {
                        "service": "satellite-rural-coverage",
                        "name": "Satellite and rural coverage",
                        "scenario": "Ubiquitous Connectivity",
                        "service_class": "interactive",
                        "level": {"latency_ms": 1412.0},
                        "work_gc": 3.24,
                        "uplink_mbit": 12.42,
                        "downlink_mbit": 1.0,
                        "memory_gb": 13.58,
                    },
                    "state": "deployed",
                    "registered_at": "2026-01-01T00:00:00+00:00",
                }
            )
        ]
    )
    shown = narrow.getvalue()
    for word in ("satellite-rural-coverage", "deployed", "1412 ms", "3.24 Gc", "13.58 GB"):
        assert word in shown
    assert "…" not in shown


def test_a_message_on_the_bus_is_close_together_where_it_cannot_be_aligned() -> None:
    message = received(1)
    close = tail.line(message, "cnc/v1", aligned=False).plain
    assert "a → control/a  control_request  " in close
    assert tail.line(message, "cnc/v1").plain.index("control_request") > close.index(
        "control_request"
    )
