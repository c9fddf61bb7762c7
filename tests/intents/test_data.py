from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

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
    "services-last",
    "everyday-final",
    "everyday-second",
    "everyday-last",
    "negation",
    "negation-second",
    "negation-last",
    "negation-third",
    "negation-fourth",
    "one-service",
    "slots",
    "slots-second",
    "slots-third",
    "slots-fourth",
    "slots-fifth",
    "slots-sixth",
    "slots-last",
    "several",
    "several-second",
    "several-third",
    "everyday",
    "operations",
    "operations-second",
    "operations-last",
    "statements",
    "vague",
    "vague-second",
    "vague-last",
    "chinese",
    "chinese-second",
    "chinese-last",
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


@pytest.fixture(scope="module")
def examples(catalogue):
    """The examples' texts, and which words each has, as a sparse matrix."""
    texts = [e.text.lower() for e in load_examples(catalogue, multilingual=True)]
    words = CountVectorizer(binary=True, token_pattern=r"[a-z]+|[\u4e00-\u9fff]")
    return texts, words.fit_transform(texts).tocsr(), words


@pytest.mark.parametrize("name", SETS)
def test_held_out_sentences_are_no_examples(examples, name):
    texts, known, words = examples
    rows = [row.text.lower() for row in held_out(name)]
    own = words.transform(rows)
    sizes = np.array([len(set(words.build_analyzer()(row))) for row in rows])[:, None]
    shared = (own @ known.T).toarray()
    union = sizes + np.asarray(known.sum(axis=1)).T - shared
    near = (shared > 0.8 * union) & (sizes > 3)
    copied = [row for row in rows if row in set(texts)]
    assert copied == []
    assert [(rows[r], texts[e]) for r, e in zip(*near.nonzero(), strict=True)] == []


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
