"""`cnc intent` with nothing running, in the scenario of record, as a first user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import FINAL, run_cnc, sent_lines

pytestmark = pytest.mark.e2e


def test_low_latency_ar_for_200_users(home: Path) -> None:
    result = run_cnc("intent", "--json", "low-latency AR for 200 users", home=home, within_s=110)
    names = sent_lines(result.good())
    assert names[:4] == ["received", "recognised", "planned", "deployed"]
    assert sum(name in FINAL for name in names) == 1 and names[-1] in ("compliant", "degraded")
    assert result.rows[-1]["measured"]["slots"] == 20
    assert result.rows[1]["intent"]["users"]["value"] == 200
