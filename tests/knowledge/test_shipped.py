"""The data files: all load, keep their promises, and their pages tell the truth."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnc.intents.catalogue import load_catalogue
from cnc.knowledge.entries import load_seed_entries
from cnc.knowledge.retrieval import Context, candidate_prior, context_text, retrieve
from cnc.messages.knowledge import KnowledgeEntry
from cnc.settings import data_root

KNOWLEDGE = data_root() / "knowledge"
SERVICES = {path.stem for path in (data_root() / "intents" / "catalogue").glob("*.yaml")}
ENTRIES = load_seed_entries()


def prior_of(service: str, load: float, lost: tuple[str, ...] = ()) -> dict[str, float]:
    """As if every entry were equally similar to the request."""
    found = [(e, 0.5) for e in ENTRIES]
    return dict(candidate_prior(retrieve(found, Context(service, load=load, lost_domains=lost))))


def test_there_are_enough_with_sources_over_all_services() -> None:
    assert len(ENTRIES) >= 40
    assert len(SERVICES) == 30
    named = [e.applies_to.services for e in ENTRIES]
    assert {s for services in named for s in services} == SERVICES
    assert {services[0] for services in named if len(services) == 1} == SERVICES
    assert all(len(e.provenance) > 10 and e.created.endswith("Z") for e in ENTRIES)
    kinds = {d for e in ENTRIES for d in (*e.applies_to.domains, *e.applies_to.lost)}
    assert kinds == {"terminal", "ran", "transport"}


RULES = [e for e in ENTRIES if e.kind == "expert_rule"]
CLASSES = {service.id: service.service_class for service in load_catalogue().services}
LOADS = {"light": 200.0, "medium": 700.0, "heavy": 1400.0}


def says_load(entry: KnowledgeEntry, load: float) -> bool:
    """It is for this load, and for some other one it is not."""
    low, high = entry.applies_to.load_min, entry.applies_to.load_max
    inside = (low is None or low <= load) and (high is None or load <= high)
    return inside and (low, high) != (None, None)


@pytest.mark.parametrize("load", sorted(LOADS))
def test_every_class_of_service_has_rules_for_every_load(load: str) -> None:
    assert context_text(Context(None, load=LOADS[load])) == f"{load} load"
    for_load = [e for e in RULES if says_load(e, LOADS[load])]
    assert len(for_load) >= 5
    found = {CLASSES[s] for e in for_load for s in e.applies_to.services}
    assert found == {"interactive", "analytic", "heavy"}
    assert any(e.effect.kind == "candidate_prior" for e in for_load)


def test_every_kind_of_domain_can_be_lost_and_has_rules() -> None:
    for kind in ("terminal", "ran", "transport"):
        assert any(kind in e.applies_to.domains for e in RULES)
        lost = [e for e in RULES if kind in e.applies_to.lost]
        assert any(e.effect.prior.get(kind, 0.0) < 0 for e in lost), kind
    assert any("recover" in e.text or "returns" in e.text for e in RULES if e.applies_to.lost)


def test_energy_is_handled_by_links_load_and_preference() -> None:
    about = [e for e in RULES if "energy" in f"{e.entry_id} {e.title}".lower()]
    assert len(about) >= 4
    said = " ".join(e.text for e in about)
    for subject in ("idle power", "radio", "0.6 u^3", "asks for low energy"):
        assert subject in said
    assert any(e.effect.kind == "candidate_prior" for e in about)


def test_forty_rules_name_a_source_outside_the_project() -> None:
    """A standard, a publication or a public data set; the system model is the project's own."""
    outside = [
        e
        for e in RULES
        if any(not part.strip().startswith("system model") for part in e.provenance.split(";"))
    ]
    assert len(outside) >= 40
    known = re.compile(
        r"(3GPP T[SR]|ETSI GS MEC|IEC|ITU-R M\.) ?\d|ATIS .* database|(19|20)\d\d|\(\d+\)"
    )
    unknown = [e.provenance for e in outside if not known.search(e.provenance)]
    assert unknown == []


def test_priors_are_moderate_and_most_entries_have_one() -> None:
    assert all(abs(v) <= 1.2 for e in ENTRIES for v in e.effect.prior.values())
    having = [e for e in ENTRIES if e.effect.kind == "candidate_prior"]
    assert len(having) > 0.7 * len(ENTRIES)
    assert all(e.effect.prior for e in having)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_finds_advice_at_every_load(service: str) -> None:
    for load in (100, 600, 1400):
        assert any(abs(v) >= 0.2 for v in prior_of(service, load).values())


def test_advice_follows_the_system_model() -> None:
    ar = prior_of("ar-split-rendering", 200)
    assert ar["terminal"] > 0 > ar["transport"]
    training = prior_of("model-training", 600)
    assert training["transport"] > 0 > training["terminal"]
    crowd = prior_of("ar-split-rendering", 1400)
    assert crowd["neighbour"] > ar.get("neighbour", 0.0) + 0.3
    cut_off = prior_of("vision-inference", 600, ("transport",))
    assert cut_off["transport"] < prior_of("vision-inference", 600)["transport"]


def test_the_schema_is_the_model() -> None:
    stored = json.loads((KNOWLEDGE / "schema.json").read_text())
    assert stored == KnowledgeEntry.model_json_schema(), (
        "write it again: json.dump(KnowledgeEntry.model_json_schema(), file, indent=2)"
    )


def test_the_page_names_every_file_field_and_the_count() -> None:
    page = (KNOWLEDGE / "README.md").read_text()
    assert f"{len(ENTRIES)} entries" in page
    for file in (KNOWLEDGE / "expert").glob("*.yaml"):
        assert f"`{file.name}`" in page


def test_reading_and_ranking_load_neither_faiss_nor_sqlalchemy() -> None:
    code = (
        "import sys, cnc.knowledge.retrieval, cnc.knowledge.entries; "
        "print({'faiss', 'sqlalchemy', 'torch'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "set()"
