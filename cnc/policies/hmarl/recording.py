"""What agents that learn leave behind for others: a trained policy, and a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnc.environment.sites import Floats, Integers
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.learning.end_to_end import LearningDistribution
from cnc.policies.hmarl.learning.packing import Arrays, under
from cnc.policies.hmarl.learning.traffic import LearningTraffic
from cnc.policies.hmarl.warm_start import AGENT, END_TO_END, KEY, REPLAY
from cnc.simulator.world import TrafficClasses, World

SLOTS = 8
"""Of each agent's replay that a history keeps."""
LEAST_SHARE = 0.02
CANDIDATES_MOST, HOSTS_MOST = 1.2, 0.35
"""Log-weights of what was measured stay within these."""


def checkpoint_of(
    base: Weights, end_to_end: LearningDistribution, domains: Mapping[str, LearningTraffic]
) -> Arrays:
    """The last good weights of all agents.

    For all agents: E2E's own, and the mean of what the domains made of theirs; for each agent
    beside these what it moved itself.

    Args:
        base: that the agents began with.
        end_to_end: E2E.
        domains: by id.
    """
    learners = {END_TO_END: end_to_end.learner}
    learners |= {name: traffic.learner for name, traffic in domains.items()}
    own = {
        agent: {name: learner.good[name] for name in learner.trainable.names}
        for agent, learner in learners.items()
    }
    shared = dict(base) | own[END_TO_END]
    for name in next(iter(domains.values())).learner.trainable.names:
        shared[name] = np.mean([own[domain][name] for domain in domains], axis=0)
    arrays: Arrays = {name: np.asarray(array) for name, array in shared.items()}
    for agent, weights in own.items():
        arrays |= under(f"{AGENT}{agent}/", weights)
    return arrays


def history_of(
    world: World,
    classes: TrafficClasses,
    end_to_end: LearningDistribution,
    domains: Mapping[str, LearningTraffic],
    replicas: Integers,
    sent: Floats,
) -> Arrays:
    """The last slots of all agents, the replicas, and where requests went.

    Args:
        world: the inventory.
        classes: of the slots.
        end_to_end: E2E.
        domains: by id.
        replicas: [S, N] in place at the end.
        sent: [C, K] requests by class and candidate, over all slots.
    """
    arrays: Arrays = {KEY: np.frombuffer(classes.key, dtype=np.uint8)}
    learners = {END_TO_END: end_to_end.learner}
    learners |= {name: traffic.learner for name, traffic in domains.items()}
    for agent, learner in learners.items():
        for at, sample in enumerate(learner.recorded(SLOTS)):
            arrays |= under(f"{REPLAY}{agent}/{at:03d}/", sample)
    counts = np.zeros((len(world.domain_ids), len(world.work_gc)), dtype=np.int64)
    np.add.at(counts, world.node_domain, replicas.T)
    arrays["replicas"] = counts
    share = sent / np.maximum(sent.sum(1, keepdims=True), 1e-9)
    even = 1.0 / sent.shape[1]
    leaning = np.log((share + LEAST_SHARE) / (even + LEAST_SHARE))
    asked = sent.sum(1, keepdims=True) > 0
    arrays["prior"] = asked * leaning.clip(-CANDIDATES_MOST, CANDIDATES_MOST)
    arrays["hosts"] = _of_kind(world.domain_ids, counts).clip(-HOSTS_MOST, HOSTS_MOST)
    return arrays


def _of_kind(domain_ids: Sequence[str], counts: Integers) -> Floats:
    """[domains, S] logarithm of a domain's replicas over the mean of its kind."""
    kinds = np.array([name.rpartition("-")[0] or name for name in domain_ids])
    mean = np.stack([counts[kinds == kind].mean(0) for kind in kinds])
    return np.asarray(np.log((counts + 0.5) / (mean + 0.5)))
