"""Every component as an operating-system process: lost, restarted, taken back, ended together."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli.running import Running, gone, marked, run_cnc, start_cnc, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.broker]
SMALL = ["terminal-0", "terminal-1", "terminal-2", "ran-0", "ran-1", "ran-2", "transport"]
UP = ("up", "--processes", "each", "--scenario", "small", "--slot-ms", "100", "--json")


@dataclass
class System:
    """A running system of processes."""

    broker: str
    home: Path
    up: Running

    def status(self) -> dict[str, Any]:
        return run_cnc("status", "--json", home=self.home, broker=self.broker).good().row

    def component(self, name: str) -> dict[str, Any]:
        rows = [row for row in self.status()["components"] if row["id"] == name]
        return rows[0] if rows else {"state": "never seen", "pid": 0}

    def domain_state(self, name: str) -> str:
        (row,) = [row for row in self.status()["domains"] if row["domain"] == name]
        return str(row["state"])

    def goes_on(self, slots: int = 5, within_s: float = 60.0) -> None:
        before = len(self.up.out)
        wait_for(lambda: len(self.up.out) >= before + slots, within_s, f"{slots} more slots")

    def restart(self, *role: str) -> Any:
        return start_cnc(
            "run", *role, "--scenario", "small", "--slot-ms", "100", "--log-level", "info",
            home=self.home, broker=self.broker,
        )  # fmt: skip


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home = tmp_path_factory.mktemp("system")
    with start_cnc("broker", "start", "--engine", "mosquitto", "--json", home=home) as broker:
        broker.said("mqtt://", 20)
        url = str(broker.rows()[0]["broker"])
        with start_cnc(*UP, home=home, broker=url) as up:
            up.said('"slot": 1', 110)
            yield System(url, home, up)


def live(row: dict[str, Any]) -> bool:
    return row["state"] in ("birth", "alive") and psutil.pid_exists(row["pid"])


def test_each_component_is_a_process_and_reports(system: System) -> None:
    system.goes_on(2)
    told = system.status()
    rows = {row["id"]: row for row in told["components"] if row["layer"] != "client"}
    assert set(rows) == {"service", "e2e", "infrastructure", *SMALL}
    assert all(live(row) for row in rows.values())
    assert len({row["pid"] for row in rows.values()}) == len(rows)
    assert {row["domain"]: row["state"] for row in told["domains"]} == dict.fromkeys(SMALL, "live")
    assert set(marked(system.up.mark)) >= {row["pid"] for row in rows.values()}


def test_a_lost_domain_is_planned_without_and_taken_back(system: System) -> None:
    snapshot = system.home / "state" / "cnc_v1" / "ran-1.json"
    wait_for(snapshot.exists, 30, "a snapshot of ran-1")
    os.kill(system.component("ran-1")["pid"], signal.SIGKILL)
    wait_for(lambda: system.component("ran-1")["state"] == "lost", 20, "the will of ran-1")
    system.goes_on()
    wait_for(lambda: system.domain_state("ran-1") != "live", 20, "E2E sees ran-1 as lost")
    assert "cnc run domain ran-1" in system.up.told and "--scenario small" in system.up.told
    wait_for(lambda: "ran-1" in system.up.rows()[-1]["silent"], 20, "ran-1 is silent")

    run_before = json.loads(snapshot.read_text())["run"]
    with system.restart("domain", "ran-1") as back:
        wait_for(lambda: live(system.component("ran-1")), 30, "ran-1 is born again")
        assert system.component("ran-1")["pid"] == back.process.pid
        wait_for(lambda: system.domain_state("ran-1") == "live", 30, "E2E takes ran-1 back")
        wait_for(lambda: "ran-1" not in system.up.rows()[-1]["silent"], 30, "ran-1 acts")
        stamp = snapshot.stat().st_mtime
        wait_for(lambda: snapshot.stat().st_mtime > stamp, 30, "it goes on with its snapshot")
        assert json.loads(snapshot.read_text())["run"] == run_before
        assert "Traceback" not in back.told
        assert back.end(signal.SIGTERM) == 0
    wait_for(lambda: system.component("ran-1")["state"] == "exit", 20, "a clean exit is told")
    system.goes_on()


def test_a_lost_e2e_is_restarted(system: System) -> None:
    os.kill(system.component("e2e")["pid"], signal.SIGKILL)
    wait_for(lambda: system.component("e2e")["state"] == "lost", 20, "the will of e2e")
    before = system.up.rows()[-1]["slot"]
    with system.restart("e2e") as back:
        wait_for(lambda: live(system.component("e2e")), 60, "e2e is born again")
        system.goes_on(5, 90)
        rows = system.up.rows()
        assert rows[-1]["slot"] > before
        assert [row["slot"] for row in rows] == list(range(rows[0]["slot"], rows[-1]["slot"] + 1))
        asked = run_cnc(
            "intent", "--json", "--dry-run", "low-latency AR for 20 users",
            home=system.home, broker=system.broker, within_s=90,
        ).good().rows  # fmt: skip
        assert asked[-1]["event"] == "planned"
        assert "Traceback" not in back.told


def test_ctrl_c_ends_all(system: System) -> None:
    """Last here: the system of this module ends."""
    pids = marked(system.up.mark)
    assert len(pids) >= 7
    assert system.up.end(signal.SIGINT) == 130
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert "Traceback" not in system.up.told
    rows = system.status()["components"]
    assert {row["state"] for row in rows if row["id"] == "ran-0"} == {"exit"}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_parent_is_the_end_of_all(sent: signal.Signals, tmp_path: Path) -> None:
    """Also in the middle of the start."""
    with start_cnc(*UP, home=tmp_path) as up:
        wait_for(lambda: len(marked(up.mark)) >= 6, 60, "children are there")
        time.sleep(2.0)
        up.process.send_signal(sent)
        up.process.wait(30)
        gone(up.mark, 30)
