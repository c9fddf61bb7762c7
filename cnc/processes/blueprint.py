"""What a system is made of: one configuration from which every component is built alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cnc.environment.sites import Site, site_of
from cnc.errors import UsageError
from cnc.messages.topics import DEFAULT_ROOT, Topics
from cnc.policies.registry import DEFAULT as DEFAULT_POLICY
from cnc.settings import BusSettings, TimingSettings, default_home

if TYPE_CHECKING:
    from cnc.environment.areas import AreaTable
    from cnc.orchestrators.offers import Offers
    from cnc.policies.interface import DistributedPolicy
    from cnc.processes.models import Models
    from cnc.simulator.world import World

Pace = Literal["lockstep", "realtime"]

SERVICE = "service"
END_TO_END = "e2e"
INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class SystemConfig:
    """Everything that components must agree on, and where they keep things."""

    broker: str
    scenario: str = "paper"
    """Name of a shipped scenario, or a YAML file."""
    seed: int = 0
    """Of the world, the trace and the policy."""
    load: float = 300.0
    """Nominal requests a slot (Nbar)."""
    policy: str = DEFAULT_POLICY
    learn: bool = False
    """Agents go on learning from what is measured; only for policies that can."""
    pace: Pace = "lockstep"
    slot_ms: int = 0
    """Length of a slot in realtime; in lockstep the least time a slot takes."""
    slots: int | None = None
    """Stop after so many; None runs until asked to stop."""
    home: Path = field(default_factory=default_home)
    persist: bool = True
    """Keep snapshots, so that a restarted component resumes."""
    reorchestrate: bool = True
    """The service orchestrator may ask for re-orchestration; off for exact comparisons."""
    understand: bool = True
    """E2E loads its models and its knowledge replica at birth; off where no intents come."""
    embedder: str | None = None
    """Embedding model by name or path; None is the packaged one."""
    database: str | None = None
    """SQLAlchemy URL of registry and knowledge; None is SQLite in the home folder."""
    topic_root: str = DEFAULT_ROOT
    grace_s: float = TimingSettings().grace_s

    @property
    def bus(self) -> BusSettings:
        """Bus settings of this system."""
        return BusSettings(broker=self.broker, topic_root=self.topic_root)

    @property
    def database_url(self) -> str:
        """Where registry and knowledge lie."""
        return self.database or f"sqlite:///{self.home / 'cnc.db'}"


class Blueprint:
    """The world and the parts of it, built once a process from the configuration."""

    def __init__(self, config: SystemConfig) -> None:
        self.config = config
        self.topics = Topics(config.topic_root)

    @cached_property
    def world(self) -> World:
        """The world of this scenario and seed.

        Raises:
            ConfigurationError: the scenario file is wrong (names file, line and field), or its
                trace of requests is shorter than the slots to run.
        """
        from cnc.environment.scenario import load_scenario
        from cnc.simulator.generator import generate_world

        parameters = load_scenario(self.config.scenario)
        if parameters.traffic is not None:
            parameters.traffic.covers(self.config.slots or 1)
        return generate_world(parameters, self.config.seed)

    @cached_property
    def areas(self) -> AreaTable:
        """The places that the scenario knows.

        Raises:
            ConfigurationError: the scenario file is wrong.
        """
        from cnc.environment.scenario import load_areas

        return load_areas(self.config.scenario)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every domain's inventory."""
        return tuple(site_of(self.world, d) for d in range(len(self.world.domain_ids)))

    @cached_property
    def policy(self) -> DistributedPolicy:
        """The policy that all agents follow.

        Raises:
            UsageError: unknown, or it cannot run on the bus, or not learn as it should.
        """
        from cnc.policies.registry import distributed_policy, learning_name

        name = self.config.policy
        return distributed_policy(learning_name(name) if self.config.learn else name)

    @cached_property
    def models(self) -> Models:
        """Embedding model and recogniser, shared by the components of one process."""
        from cnc.processes.models import Models

        return Models(self.config)

    @cached_property
    def offers(self) -> Offers:
        """The catalogue's services on this world."""
        from cnc.intents.catalogue import load_catalogue
        from cnc.orchestrators.offers import Offers

        return Offers(load_catalogue().services, self.world)

    def site(self, domain: str) -> Site:
        """The inventory of one domain.

        Raises:
            UsageError: no such domain in this scenario.
        """
        if domain not in self.world.domain_ids:
            ids = self.world.domain_ids
            raise UsageError(
                f"domain {domain!r} is not in scenario {self.config.scenario!r}; there are "
                f"{ids[0]} to {ids[len(ids) // 2 - 1]}, {ids[len(ids) // 2]} to {ids[-2]}, "
                f"and {ids[-1]}"
            )
        return site_of(self.world, self.world.domain_ids.index(domain))

    def components(self) -> tuple[str, ...]:
        """Names of all components but the infrastructure, in order of start."""
        return (SERVICE, END_TO_END, *self.world.domain_ids)
