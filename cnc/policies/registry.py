"""Policies by name, as the command line and scenario files say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnc.errors import UsageError
from cnc.policies.plugins import load_plugin, plugin_names, refuse_shadow

if TYPE_CHECKING:
    from cnc.policies.interface import DistributedPolicy, GlobalPolicy

DEFAULT = "hmarl"
"""What a system runs with unless told otherwise; its weights fit worlds of any size."""
DISTRIBUTED = ("grd", "grd-plus", "grd-work", "hmarl", "hmarl-learn", "nearest", "rand")
"""Names that run in the simulator and on the bus."""
LEARNING = {"hmarl": "hmarl-learn", "hmarl-learn": "hmarl-learn"}
"""What a policy is called when it learns while it runs."""
CENTRALISED = ("opt", "opt-causal")
"""Names that need information which no domain has."""
ABLATIONS = (
    "hmarl-centralised",
    "hmarl-distributed",
    "hmarl-grd-deployment",
    "hmarl-grd-distribution",
    "hmarl-grd-traffic",
    "hmarl-no-expectation",
    "hmarl-selfish",
)
"""Names of what is left of `hmarl` without one of its ideas, for comparisons in the simulator."""
BUILT_IN = (*DISTRIBUTED, *CENTRALISED, *ABLATIONS)


def distributed_names() -> tuple[str, ...]:
    """Names that run on the bus: what is built in, and plug-ins, which are not loaded."""
    return (*DISTRIBUTED, *plugin_names(taken=BUILT_IN))


def learning_name(name: str) -> str:
    """The policy that decides as the named one does, and learns meanwhile.

    Raises:
        UsageError: it cannot learn.
    """
    if name in LEARNING:
        return LEARNING[name]
    check_distributed(name)
    raise UsageError(
        f"policy {name!r} cannot learn while it runs; leave out --learn, or use --policy "
        f"{' or '.join(sorted(set(LEARNING)))}"
    )


def check_distributed(name: str) -> None:
    """Fail unless a policy of that name runs on the bus; loads nothing for it.

    Raises:
        UsageError: it is unknown, or cannot run on the bus.
    """
    if name in DISTRIBUTED:
        return
    if name in CENTRALISED:
        raise UsageError(
            f"policy {name!r} sees the future or other domains' nodes, which no domain may; it "
            f"runs in the simulator only. On the bus use one of {', '.join(distributed_names())}"
        )
    if name in ABLATIONS:
        raise UsageError(
            f"policy {name!r} is for comparisons in the simulator (`cnc evaluate`); on the bus use "
            f"one of {', '.join(distributed_names())}"
        )
    if name not in distributed_names():
        raise UsageError(f"policy {name!r} is unknown; use one of {', '.join(distributed_names())}")


def distributed_policy(name: str) -> DistributedPolicy:
    """The policy of that name.

    Raises:
        UsageError: it is unknown, or cannot run on the bus.
    """
    check_distributed(name)
    if name not in DISTRIBUTED:
        from cnc.policies.interface import GlobalPolicy

        policy = load_plugin(name)
        if isinstance(policy, GlobalPolicy):
            raise UsageError(f"the policy plug-in {name!r} runs in the simulator only")
        return policy
    refuse_shadow(name)
    from cnc.policies.greedy import GreedyPolicy
    from cnc.policies.nearest import NearestPolicy
    from cnc.policies.random import RandomPolicy

    if name in ("hmarl", "hmarl-learn"):
        from cnc.policies.hmarl.policy import HmarlPolicy

        return HmarlPolicy(learn=name == "hmarl-learn")
    if name == "nearest":
        return NearestPolicy()
    if name == "grd":
        return GreedyPolicy()
    if name == "grd-plus":
        return GreedyPolicy("grd-plus", neighbours=True)
    if name == "grd-work":
        return GreedyPolicy("grd-work", neighbours=True, weigh_by_work=True)
    return RandomPolicy()


def policy_named(name: str) -> DistributedPolicy | GlobalPolicy:
    """Any policy of that name, for the simulator.

    Raises:
        UsageError: it is unknown.
    """
    if name in CENTRALISED:
        refuse_shadow(name)
        from cnc.policies.optimal import OptimalPolicy

        return OptimalPolicy(clairvoyant=name == "opt")
    if name in ABLATIONS:
        refuse_shadow(name)
        from cnc.policies.hmarl.ablations.centralised import CentralisedPolicy
        from cnc.policies.hmarl.ablations.policy import AblatedPolicy

        return CentralisedPolicy() if name == CentralisedPolicy.name else AblatedPolicy(name)
    if name in DISTRIBUTED:
        return distributed_policy(name)
    if name not in distributed_names():
        every = ", ".join((*distributed_names(), *CENTRALISED, *ABLATIONS))
        raise UsageError(f"policy {name!r} is unknown; use one of {every}")
    return load_plugin(name)
