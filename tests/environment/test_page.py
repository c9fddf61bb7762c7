"""docs/environment.md: its programs run, and its tables say what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnc.environment.parallel import parallel_env

PAGE = (Path(__file__).parents[2] / "docs/environment.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize(("at", "said"), [(0, "cost a slot"), (1, "worth of serving origin 0")])
def test_the_programs_run(at: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(PROGRAMS[at], f"environment.md, program {at}", "exec"), {})
    assert said in capsys.readouterr().out


def section(name: str) -> str:
    found = re.search(rf"^### {name}$(.*?)(?=^#)", PAGE, re.M | re.S)
    assert found
    return found.group(1)


def test_the_tables_name_every_entry_and_no_other() -> None:
    environment = parallel_env("small", slots=1)
    _, infos = environment.reset(seed=0)
    for _ in range(2):
        actions = {agent: environment.action_space(agent).sample() for agent in environment.agents}
        _, _, _, _, infos = environment.step(actions)
    agents = environment.possible_agents
    observed = {name for agent in agents for name in environment.observation_space(agent)}
    acted = {name for agent in agents for name in environment.action_space(agent)}
    informed = {name for agent in agents for name in infos[agent]}
    for title, names, column in (
        ("Observations", observed, 1),
        ("Actions", acted, 2),
        ("Infos", informed, 1),
    ):
        rows = [row.split("|")[column] for row in re.findall(r"^\|.*\|$", section(title), re.M)]
        assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == names
