"""Options that several commands share, and what they mean together.

`--broker`, `--home` and `--json` may stand before or after the subcommand.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnc.errors import UsageError
from cnc.policies.registry import DEFAULT as DEFAULT_POLICY

if TYPE_CHECKING:
    from cnc.processes.blueprint import SystemConfig

Pace = Literal["lockstep", "realtime"]

Broker = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="URL",
        help="MQTT broker: mqtt://, mqtts:// or ws:// (also CNC_BROKER).",
        rich_help_panel="Common options",
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder of databases and indexes (also CNC_HOME).",
        rich_help_panel="Common options",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="JSON for scripts, and nothing else, on stdout.",
        rich_help_panel="Common options",
    ),
]
Scenario = Annotated[
    str, typer.Option("--scenario", metavar="NAME|FILE", help="Shipped scenario or YAML file.")
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, metavar="N", help="Of the world, the trace, the policy.")
]
Load = Annotated[
    float | None,
    typer.Option(
        "--load", min=0.0, metavar="N", help="Background requests a slot; else the scenario's."
    ),
]


def _policies(incomplete: str) -> list[str]:
    """For completion in a shell; looks for plug-ins only when asked."""
    from cnc.policies.registry import distributed_names

    return [name for name in distributed_names() if name.startswith(incomplete)]


Policy = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="grd, grd-plus, grd-work, hmarl, hmarl-learn, nearest, rand, or a plug-in's name.",
        autocompletion=_policies,
    ),
]
Learn = Annotated[
    bool,
    typer.Option("--learn", help="Agents go on learning from what is measured (policy hmarl)."),
]
TopicRoot = Annotated[
    str,
    typer.Option(
        "--topic-root",
        metavar="PATH",
        help="Systems that share a broker have different roots.",
        rich_help_panel="Common options",
    ),
]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder", metavar="NAME|DIR", help="Embedding model instead of the packaged one."
    ),
]
ROOT = "cnc/v1"


class Common:
    """What was said before the subcommand, completed by what was said after it."""

    def __init__(self, context: typer.Context) -> None:
        root = context.find_root().params
        self._broker: str | None = root.get("broker")
        self._home: Path | None = root.get("home")
        self._json = bool(root.get("json_output"))

    def broker(self, stated: str | None) -> str | None:
        """The broker's URL; None where none is configured."""
        return stated or self._broker or os.environ.get("CNC_BROKER") or None

    def home(self, stated: Path | None) -> Path:
        """The home folder."""
        from cnc.settings import default_home

        chosen = stated or self._home
        return chosen.expanduser() if chosen is not None else default_home()

    def json(self, stated: bool) -> bool:
        """Whether JSON is wanted."""
        return stated or self._json


def required_broker(broker: str | None, command: str) -> str:
    """The broker of a command that needs a running system.

    Raises:
        UsageError: none is configured.
    """
    if broker is None and command == "broker check":
        raise UsageError(
            "`cnc broker check` tries what a broker can do: name it with --broker URL or "
            "CNC_BROKER (`cnc broker start` starts one)"
        )
    if broker is None and command.startswith("run "):
        raise UsageError(
            f"`cnc {command}` joins a system at its broker: name it with --broker URL or "
            "CNC_BROKER (`cnc broker start` starts one)"
        )
    if broker is None:
        raise UsageError(
            f"`cnc {command}` looks at a running system: name its broker with --broker URL or "
            "CNC_BROKER (`cnc up` prints its own)"
        )
    return broker


def system_config(
    *,
    broker: str | None,
    home: Path,
    scenario: str = "paper",
    seed: int = 0,
    load: float | None = None,
    policy: str = DEFAULT_POLICY,
    embedder: str | None = None,
    topic_root: str = ROOT,
    **others: object,
) -> SystemConfig:
    """The configuration of a system from the command line's options."""
    from cnc.processes.blueprint import SystemConfig

    return SystemConfig(
        broker=broker or "",
        home=home,
        scenario=scenario,
        seed=seed,
        load=_load_of(scenario) if load is None else load,
        policy=policy,
        embedder=embedder,
        topic_root=topic_root,
        database=os.environ.get("CNC_DATABASE") or None,
        **others,  # type: ignore[arg-type]
    )


def _load_of(scenario: str) -> float:
    """The scenario's own load, where none is stated."""
    from cnc.environment.scenario import load_scenario

    return load_scenario(scenario).load
