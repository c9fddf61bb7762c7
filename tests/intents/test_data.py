import re
from collections import Counter

import pytest

from cnc.intents.evaluation import held_out
from cnc.intents.examples import fingerprint, load_examples
from cnc.intents.features import VERSION
from cnc.intents.heads import load_heads
from cnc.intents.routes import shipped_heads

SETS = (
    "services",
    "services-second",
    "services-final",
    "services-third",
    "everyday-final",
    "everyday-second",
    "negation",
    "negation-second",
    "slots",
    "slots-second",
    "slots-third",
    "slots-fourth",
    "several",
    "everyday",
    "operations",
    "operations-second",
    "statements",
    "vague",
    "vague-second",
    "chinese",
    "chinese-second",
)


def test_there_are_enough_examples(catalogue):
    kinds = Counter(example.kind for example in load_examples(catalogue))
    assert kinds["everyday"] >= 300
    assert kinds["operation"] >= 100
    assert kinds["vague"] >= 50
    assert all(len(service.examples) >= 12 for service in catalogue.services)


def test_there_is_enough_to_evaluate_with(catalogue):
    sizes = {name: len(held_out(name)) for name in SETS}
    assert sizes["services"] >= 150
    assert sizes["slots"] >= 100
    assert sizes["everyday"] >= 150
    assert sizes["operations"] >= 60
    for name in ("services", "services-second", "services-final", "services-third", "negation"):
        assert {row.label for row in held_out(name)} <= set(catalogue.ids)


def words(text):
    return frozenset(re.findall(r"[a-z]+|[一-鿿]", text.lower()))


@pytest.mark.parametrize("name", SETS)
def test_held_out_sentences_are_no_examples(catalogue, name):
    examples = [(e.text, words(e.text)) for e in load_examples(catalogue, multilingual=True)]
    near = []
    for row in held_out(name):
        own = words(row.text)
        if not own:
            continue
        for text, other in examples:
            shared = len(own & other) / max(len(own | other), 1)
            if row.text.lower() == text.lower() or (shared > 0.8 and len(own) > 3):
                near.append((row.text, text))
    assert near == []


def test_shipped_heads_fit_the_examples(catalogue, embedder):
    key = fingerprint(embedder.model_id, VERSION, load_examples(catalogue))
    assert load_heads(shipped_heads(embedder.model_id), key) is not None, (
        "the heads are older than the examples: run benchmarks/fit_intent_heads.py"
    )


def test_damaged_heads_are_not_used(catalogue, embedder, tmp_path):
    key = fingerprint(embedder.model_id, VERSION, load_examples(catalogue))
    content = shipped_heads(embedder.model_id).read_bytes()
    path = tmp_path / "heads.npz"
    path.write_bytes(content[: len(content) // 2])
    assert load_heads(path, key) is None
    assert load_heads(tmp_path / "absent.npz", key) is None
    path.write_bytes(content)
    assert load_heads(path, "another key") is None
