"""Policies by name, as the command line and scenario files say them."""

from __future__ import annotations

from cnc.errors import UsageError
from cnc.policies.interface import DistributedPolicy

DISTRIBUTED = ("grd", "grd-plus", "grd-work", "rand")
"""Names that run in the simulator and on the bus."""
CENTRALISED = ("opt", "opt-causal")
"""Names that need information which no domain has."""


def distributed_policy(name: str) -> DistributedPolicy:
    """The policy of that name.

    Raises:
        UsageError: it is unknown, or cannot run on the bus.
    """
    from cnc.policies.greedy import GreedyPolicy
    from cnc.policies.random import RandomPolicy

    if name == "grd":
        return GreedyPolicy()
    if name == "grd-plus":
        return GreedyPolicy("grd-plus", neighbours=True)
    if name == "grd-work":
        return GreedyPolicy("grd-work", neighbours=True, weigh_by_work=True)
    if name == "rand":
        return RandomPolicy()
    if name in CENTRALISED:
        raise UsageError(
            f"policy {name!r} sees the future or other domains' nodes, which no domain may; it "
            f"runs in the simulator only. On the bus use one of {', '.join(DISTRIBUTED)}"
        )
    raise UsageError(f"policy {name!r} is unknown; use one of {', '.join(DISTRIBUTED)}")
