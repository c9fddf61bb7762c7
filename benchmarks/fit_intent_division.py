"""Fit the weights that tell two services in one text from one (`cnc/intents/division.py`).

    python benchmarks/fit_intent_division.py [--examples N]

Requests for several services are those of `several*.txt`; requests for one are the other held-out
requests and N of the examples (default 3000). Of each text the cut that scores highest counts, so
fitting alternates with choosing cuts. Prints weights and how many are found at each limit, by
cross-validation in five folds, to be put into the module. Takes some minutes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from cnc.embedding import load_embedder, load_multilingual
from cnc.intents.catalogue import load_catalogue
from cnc.intents.division import cuts, judged, signs
from cnc.intents.evaluation import held_out
from cnc.intents.examples import load_examples
from cnc.intents.normaliser import normalise
from cnc.intents.prepared import prepare
from cnc.intents.routes import Routes, find_route

Array = NDArray[np.float64]
ONE = (
    "services", "services-second", "services-final", "services-third", "services-last",
    "slots", "slots-second", "slots-third", "slots-fourth", "slots-last", "one-service",
)  # fmt: skip
SEVERAL = ("several", "several-second")
ROUNDS = 4
SECOND = 0.02
"""Probability by the first model from which the second one is asked."""


@dataclass
class Text:
    """A text with the signs of its cuts."""

    several: bool
    text: str
    rows: list[Array]
    sides: list[tuple[str, str]]


def gather(routes: Routes, rows: list[tuple[tuple[str, ...], str]]) -> list[Text]:
    """The signs of all cuts; of texts for several services those between two of them."""
    catalogue = load_catalogue()
    found = []
    for labels, raw in rows:
        text = normalise(raw)
        places = cuts(text)
        if not places:
            continue
        sides = [side for cut in places for side in (cut.left, cut.right)]
        whole, *judgements = routes.quick.judge([prepare(t) for t in (text, *sides)])
        one = Text(len(labels) > 1, text, [], [])
        for n, cut in enumerate(places):
            left, right = judgements[2 * n], judgements[2 * n + 1]
            row = signs(cut, whole, left, right, routes.lexicon)
            pair = [catalogue.services[int(j.services.argmax())].id for j in (left, right)]
            if row is None or (one.several and not _in_order(pair, labels)):
                continue
            one.rows.append(row)
            one.sides.append((cut.left, cut.right))
        if one.rows:
            found.append(one)
    return found


def _in_order(pair: list[str], labels: tuple[str, ...]) -> bool:
    return all(p in labels for p in pair) and labels.index(pair[0]) < labels.index(pair[1])


def fit(x: Array, y: Array) -> tuple[Array, float]:
    """Weights of the plain signs, and the constant."""
    mean, spread = x.mean(0), np.maximum(x.std(0), 1e-6)
    model = LogisticRegression(C=0.5, max_iter=2000).fit((x - mean) / spread, y)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ mean)


def chosen(texts: list[Text], weights: Array, constant: float) -> list[int]:
    """The cut of each text that scores highest."""
    return [int(np.argmax([row @ weights + constant for row in t.rows])) for t in texts]


def fit_choosing(texts: list[Text]) -> tuple[Array, float]:
    """Fit on the best cut of each text, and choose cuts anew."""
    weights = np.zeros(len(texts[0].rows[0]))
    weights[0], weights[4], constant = 1.0, 0.5, 0.0
    y = np.array([t.several for t in texts], dtype=np.float64)
    for _ in range(ROUNDS):
        picks = chosen(texts, weights, constant)
        x = np.array([t.rows[n] for t, n in zip(texts, picks, strict=True)])
        weights, constant = fit(x, y)
    return weights, constant


def probabilities(scores: Array) -> Array:
    return 1 / (1 + np.exp(-scores))


def report(title: str, p: Array, y: Array, texts: list[Text]) -> None:
    """How many are found at which limits."""
    wrong = np.sort(p[y == 0])[::-1]
    print(title, f"{int(y.sum())} for several, {int((1 - y).sum())} for one with a cut")
    for allowed in (2, 4, 6, 8, 10, 15, 20, 40):
        limit = wrong[allowed]
        print(f"  {allowed} divided wrongly at {limit:.3f}: {(p[y == 1] > limit).sum()} found")
    for n in np.argsort(np.where(y == 0, -p, 0))[:12]:
        print(f"    {p[n]:.3f} {texts[n].text}")


def crossed(texts: list[Text], fitting: bool, rows: list[Array] | None = None) -> Array:
    """Probabilities of texts that were not fitted on."""
    y = np.array([t.several for t in texts], dtype=int)
    p = np.zeros(len(texts))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(y, y):
        if fitting:
            weights, constant = fit_choosing([texts[n] for n in train])
            for n in test:
                p[n] = max(row @ weights + constant for row in texts[n].rows)
        else:
            assert rows is not None
            weights, constant = fit(np.array([rows[n] for n in train]), y[train].astype(float))
            p[test] = [rows[n] @ weights + constant for n in test]
    return probabilities(p)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=3000)
    options = parser.parse_args()
    catalogue = load_catalogue()
    embedder, second = load_embedder(), load_multilingual()
    routes = Routes(catalogue, embedder, None, None)
    rows = [(tuple(r.label.split(",")), r.text) for name in SEVERAL for r in held_out(name)]
    rows += [((name,), r.text) for name in ONE for r in held_out(name)]
    examples = [e for e in load_examples(catalogue) if e.kind == "service"]
    picked = np.random.default_rng(0).permutation(len(examples))[: options.examples]
    rows += [(("example",), examples[n].text) for n in picked]
    texts = gather(routes, rows)
    y = np.array([t.several for t in texts], dtype=np.float64)
    weights, constant = fit_choosing(texts)
    print("FIRST", [round(float(w), 3) for w in weights], round(constant, 3))
    report("first model", crossed(texts, fitting=True), y, texts)
    if second is None:
        return
    both = find_route(catalogue, routes.lexicon, (embedder, second))
    assert both is not None
    picks = chosen(texts, weights, constant)
    close = [
        (t, n)
        for t, n in zip(texts, picks, strict=True)
        if probabilities(t.rows[n] @ weights + constant) >= SECOND
    ]
    print(f"the second model is asked for {len(close)} texts")
    double, asked = [], []
    for text, n in close:
        whole, left, right = both.judge([prepare(t) for t in (text.text, *text.sides[n])])
        double.append(np.array([*text.rows[n], *judged(whole, left, right)]))
        asked.append(text)
    truth = np.array([t.several for t in asked], dtype=np.float64)
    w2, c2 = fit(np.array(double), truth)
    print("BOTH", [round(float(w), 3) for w in w2], round(c2, 3))
    report("both models", crossed(asked, fitting=False, rows=double), truth, asked)


if __name__ == "__main__":
    main()
