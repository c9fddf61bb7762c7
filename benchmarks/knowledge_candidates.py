"""How many nearest entries must be ranked by context to find the five that ranking all would find.

    python benchmarks/knowledge_candidates.py [--examples N]

Every service of the catalogue is asked for in its own first examples at three loads, among the
entries that ship, with the packaged model. Nothing is random.
"""

from __future__ import annotations

import argparse

import numpy as np
from provenance import commit

from cnc.embedding import load_embedder
from cnc.intents.catalogue import load_catalogue
from cnc.knowledge.entries import embedding_text, load_seed_entries
from cnc.knowledge.retrieval import CANDIDATES, Context, context_text, retrieve

LOADS = (200.0, 700.0, 1400.0)
NUMBERS = (10, 20, 30, 40, 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=4, help="texts of each service")
    examples = parser.parse_args().examples
    embedder = load_embedder()
    rules = [entry for entry in load_seed_entries() if entry.kind == "expert_rule"]
    vectors = np.asarray(embedder.encode([embedding_text(entry) for entry in rules]))
    same = dict.fromkeys(NUMBERS, 0)
    asked = 0
    for service in load_catalogue().services:
        for load in LOADS:
            context = Context(service.id, service.service_class, load=load)
            for text in service.examples[:examples]:
                query = np.asarray(embedder.encode([f"{text}. {context_text(context)}"]))[0]
                similar = (vectors @ query).tolist()
                found = sorted(zip(rules, similar, strict=True), key=lambda hit: -hit[1])
                best = retrieve(found, context)
                asked += 1
                for number in NUMBERS:
                    same[number] += retrieve(found[:number], context) == best
    print(f"commit {commit()}; {asked} requests among {len(rules)} rules; in use: {CANDIDATES}")
    for number, times in same.items():
        print(f"{number:4d} ranked: the same five for {times} ({times / asked:.0%})")


if __name__ == "__main__":
    main()
