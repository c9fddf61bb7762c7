"""OPT: the reference with global information (docs/system-model.md, "Baselines").

- `opt` (clairvoyant) also knows requests, links and node background of the slots ahead.
- `opt-causal` knows what every agent together could know.

Deployments come from greedy heuristics, from a linear programme on mean demand (HiGHS) and from
gradients of the exact cost in replicas and routing; the cheapest wins. Imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cnc.policies.optimal.agent import CausalAgent, ClairvoyantAgent
from cnc.policies.optimal.effort import Effort
from cnc.simulator.world import World

__all__ = ["Effort", "OptimalPolicy"]


@dataclass(frozen=True)
class OptimalPolicy:
    """The policy of either variant."""

    clairvoyant: bool
    effort: Effort = field(default_factory=Effort)

    @property
    def name(self) -> str:
        """As the command line says it."""
        return "opt" if self.clairvoyant else "opt-causal"

    def agent(self, world: World, seed: int, load: float) -> ClairvoyantAgent | CausalAgent:
        """The agent of one episode on the trace (world, seed, load).

        The causal agent looks at neither seed nor load: both are unknown to whoever only measures.
        """
        if self.clairvoyant:
            return ClairvoyantAgent(world, seed, load, self.effort)
        return CausalAgent(world, self.effort)
