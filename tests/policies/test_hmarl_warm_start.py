"""Agents begin from knowledge: what they take, how it fades, and that wrong files do no harm."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import site_of
from cnc.errors import KnowledgeError
from cnc.knowledge.entries import load_seed_entries
from cnc.messages.knowledge import KnowledgeEntry, ScoredEntry
from cnc.policies.hmarl.initial import initial_weights
from cnc.policies.hmarl.learning.end_to_end import LearningDistribution
from cnc.policies.hmarl.learning.packing import Arrays, packed, unpacked
from cnc.policies.hmarl.learning.traffic import LearningTraffic
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.hmarl.recorded import read_recorded, write_recorded
from cnc.policies.hmarl.warm_agents import WarmEndToEnd
from cnc.policies.hmarl.warm_start import (
    HALF_LIFE_SLOTS,
    Leaning,
    Priors,
    WarmStart,
    of_part,
    warm_start,
)
from cnc.settings import data_root
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World
from cnc.training.rollout import rollout

FOLDER = data_root() / "knowledge"
SHIPPED = {e.entry_id: e for e in load_seed_entries() if e.manifest is not None}
OWN_WORLD = 10_000_000
LOAD = 240.0


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(load_scenario("small"), OWN_WORLD)


def given(*entries: KnowledgeEntry) -> list[tuple[ScoredEntry, Arrays | None, str]]:
    return [(ScoredEntry(entry=e, score=1.0), read_recorded(e, FOLDER), "") for e in entries]


@pytest.fixture(scope="module")
def start(world: World) -> WarmStart:
    chosen = [SHIPPED[f"mix-{kind}-10000000"] for kind in ("checkpoint", "demonstrations")]
    return warm_start(given(*chosen), world, shipped(0))


def agents(world: World, start: WarmStart) -> tuple[WarmEndToEnd, LearningTraffic]:
    policy = HmarlPolicy(learn=True, warm=start)
    end_to_end = policy.end_to_end(world, 0)
    traffic = policy.domain(site_of(world, 1), 0).traffic
    assert isinstance(end_to_end, WarmEndToEnd) and isinstance(traffic, LearningTraffic)
    return end_to_end, traffic


class Keeping:
    """A policy whose E2E agent stays within reach."""

    name = "kept"

    def __init__(self, policy: HmarlPolicy) -> None:
        self._policy = policy
        self.domain = policy.domain

    def end_to_end(self, world: World, seed: int) -> WarmEndToEnd:
        agent = self._policy.end_to_end(world, seed)
        assert isinstance(agent, WarmEndToEnd) and isinstance(agent.agent, LearningDistribution)
        self.learning = agent.agent
        return agent


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_file_that_ships_is_whole_and_fits(world: World, name: str) -> None:
    found = warm_start(given(SHIPPED[name]), world, shipped(0))
    effect = SHIPPED[name].effect.kind
    assert (found.weights is not None) == (effect == "checkpoint")
    assert (found.replicas is not None) == (effect == "demonstrations")
    assert "left out" not in found.changes[0].effect and found.changes[0].entry_id == name


def test_agents_that_learn_begin_with_recorded_weights_on_probation(
    world: World, start: WarmStart
) -> None:
    end_to_end, traffic = agents(world, start)
    assert isinstance(end_to_end.agent, LearningDistribution)
    for learner, name in ((end_to_end.agent.learner, "e2e"), (traffic.learner, "terminal-1")):
        wanted, base = start.weights_of(name), shipped(0)
        assert wanted is not None
        for key in learner.trainable.names:
            np.testing.assert_allclose(learner.weights[key], wanted[key], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(learner.good[key], base[key], rtol=1e-6)
        assert len(learner.recorded(99)) == 8
    base, every = shipped(0), start.own_weights.values()
    assert any(not np.allclose(a, base[n], rtol=1e-6) for own in every for n, a in own.items())
    assert end_to_end.agent._weights is end_to_end.agent.learner.weights


def test_the_replay_is_kept_for_its_own_classes_only(world: World, start: WarmStart) -> None:
    assert start.key == world.classes.key
    other = generate_world(load_scenario("small"), OWN_WORLD + 1)
    assert other.classes.key != world.classes.key
    entry = SHIPPED["mix-demonstrations-10000000"]
    found = warm_start(given(entry), other, shipped(0))
    assert not found.transitions and found.replicas is not None
    assert "replay: left out, it is of other traffic classes" in found.changes[0].effect
    policy = Keeping(HmarlPolicy(learn=True, warm=start))
    list(islice(rollout(world, policy, 3, LOAD), 3))
    # slots 0 and 1 have been measured since, and join those that others measured
    assert len(policy.learning.learner.recorded(99)) == 8 + 2


def test_what_is_of_another_inventory_is_left_out(start: WarmStart) -> None:
    paper = generate_world(load_scenario("paper"), 0)
    found = warm_start(given(SHIPPED["mix-demonstrations-10000000"]), paper, shipped(0))
    assert found.replicas is None and found.priors is None and not found.transitions
    assert "another inventory" in found.changes[0].effect


def test_leanings_halve_with_experience(world: World) -> None:
    classes, services = len(world.classes), len(world.work_gc)
    priors = Priors(np.full((classes, 5), 0.8), np.full((len(world.domain_ids), services), 0.4))
    leaning = Leaning(priors)
    observation = observe_all(Infrastructure(world, 0, LOAD).measure(), world)
    assert leaning.on(observation).prior == pytest.approx(0.8)
    leaning = Leaning.restored(json.loads(json.dumps(leaning.snapshot())))
    later = replace(observation, slot=observation.slot + int(HALF_LIFE_SLOTS))
    assert leaning.on(later).prior == pytest.approx(0.4)
    assert leaning.on(later).hosts_prior == pytest.approx(0.2)
    assert (observation.prior == 0).all()


def test_rules_lean_all_services_and_say_so(world: World) -> None:
    rule = KnowledgeEntry.model_validate(
        {
            "entry_id": "to-the-core",
            "title": "Core",
            "text": "x",
            "effect": {"kind": "candidate_prior", "prior": {"transport": 0.6}},
        }
    )
    found = warm_start([(ScoredEntry(entry=rule, score=0.5), None, "")], world, shipped(0))
    assert found.priors is not None
    assert (found.priors.candidates[:, -1] == 0.6).all()
    assert (found.priors.candidates[:, :-1] == 0.0).all()
    infrastructure = Infrastructure(world, 0, LOAD)
    observation = observe_all(infrastructure.measure(), world)
    everywhere = replace(observation, ready=np.ones_like(observation.ready), slot=0)
    plain = HmarlPolicy().end_to_end(world, 0).distribute(everywhere)
    leant = HmarlPolicy(warm=found).end_to_end(world, 0).distribute(everywhere)
    assert leant[..., -1].sum() > plain[..., -1].sum() + 1e-6
    assert found.changes[0].effect == "priors: candidates of all services"


def test_recorded_replicas_count_only_where_they_are_expected_to_cost_less(world: World) -> None:
    observation = observe_all(Infrastructure(world, 0, LOAD).measure(), world)
    nothing = np.zeros((len(world.domain_ids), len(world.work_gc)), dtype=np.int64)
    plain = HmarlPolicy().end_to_end(world, 0).hosts(observation).prior
    bad = HmarlPolicy(warm=WarmStart(replicas=nothing)).end_to_end(world, 0)
    assert np.array_equal(bad.hosts(observation).prior, plain)
    own = WarmStart(replicas=np.rint(plain).astype(np.int64))
    again = HmarlPolicy(warm=own).end_to_end(world, 0).hosts(observation).prior
    assert abs(again - plain).sum() < 0.5 * plain.sum()


def test_a_domain_gets_its_part_over_the_bus_exactly(world: World, start: WarmStart) -> None:
    there = of_part(unpacked(packed(start.part_of("terminal-1"))))
    wanted, found = start.weights_of("terminal-1"), there.weights_of("terminal-1")
    assert wanted is not None and found is not None and wanted.keys() == found.keys()
    assert all(np.array_equal(wanted[name], found[name]) for name in wanted)
    assert there.key == start.key and len(there.transitions["terminal-1"]) == 8
    assert not WarmStart().part_of("terminal-1")


def broken(tmp_path: Path, content: bytes | None) -> KnowledgeEntry:
    entry = SHIPPED["mix-checkpoint-10000000"]
    effect = entry.effect.model_copy(update={"reference": "there.safetensors"})
    if content is not None:
        (tmp_path / "there.safetensors").write_bytes(content)
    return entry.model_copy(update={"effect": effect})


def test_a_missing_or_damaged_file_is_named_and_agents_begin_as_shipped(
    world: World, tmp_path: Path
) -> None:
    assert SHIPPED["mix-checkpoint-10000000"].effect.reference is not None
    whole = (FOLDER / SHIPPED["mix-checkpoint-10000000"].effect.reference).read_bytes()
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    for content, word in (
        (None, "cannot be read"),
        (whole[:99], "checksum"),
        (flipped, "checksum"),
    ):
        entry = broken(tmp_path, content)
        with pytest.raises(KnowledgeError, match=rf"mix-checkpoint-10000000.*{word}") as caught:
            read_recorded(entry, tmp_path)
    unchecked = broken(tmp_path, whole[:99]).model_copy(update={"manifest": None})
    with pytest.raises(KnowledgeError, match="is damaged"):
        read_recorded(unchecked, tmp_path)
    outside = unchecked.effect.model_copy(update={"reference": "../there.safetensors"})
    with pytest.raises(KnowledgeError, match="does not lie below"):
        read_recorded(unchecked.model_copy(update={"effect": outside}), tmp_path)
    found = warm_start(
        [(ScoredEntry(entry=entry, score=1.0), None, str(caught.value))], world, shipped(0)
    )
    assert found.weights is None and "cannot be used" in found.changes[0].effect


def test_weights_of_other_networks_are_refused(world: World, tmp_path: Path) -> None:
    weights = {**initial_weights(0), "e2e.w1": np.ones((3, 3))}
    sha = write_recorded(tmp_path / "there.safetensors", weights)
    entry = broken(tmp_path, None)
    assert entry.manifest is not None
    entry = entry.model_copy(update={"manifest": entry.manifest.model_copy(update={"sha256": sha})})
    arrays = read_recorded(entry, tmp_path)
    found = warm_start([(ScoredEntry(entry=entry, score=1.0), arrays, "")], world, shipped(0))
    assert found.weights is None and "do not fit the networks (e2e.w1)" in found.changes[0].effect
