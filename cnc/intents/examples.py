"""The sentences of `intents/`, and the variants of them that the heads are fitted on."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cnc.errors import ConfigurationError
from cnc.intents.catalogue import Catalogue
from cnc.intents.keyboard import NEIGHBOURS
from cnc.settings import data_root

Kind = Literal["service", "everyday", "operation", "vague"]
KINDS: tuple[Kind, ...] = ("service", "everyday", "operation", "vague")
SERVICE, EVERYDAY, OPERATION, VAGUE = range(len(KINDS))
"""Columns of the kind head."""
_FILES: dict[Kind, str] = {
    "everyday": "everyday.txt",
    "operation": "operations.txt",
    "vague": "vague.txt",
}
_TEMPLATES = (
    "I need {} for our company",
    "Set up {}",
    "please provide {} for users in the city",
    "deploy {} at the edge",
    "we want to use {} with our customers",
    "create a network slice for {}",
    "{}",
    "could you arrange {} tomorrow",
    "{} with low latency",
    "a service for {}, many users",
    "our organisation is looking for {} support",
    "connectivity for {}",
    "I want to use {}",
    "I want fast {}",
    "high quality {}",
    "I need a better network for {}",
    "prioritise {} traffic",
    "create an eMBB slice for {}",
    "enhanced mobile broadband slice in edge zone A for {}",
    "deploy a URLLC slice for {}",
    "set up a massive IoT slice for {}",
    "provision an mMTC network slice for {} across the city",
    "give {} the best QoS profile",
    "activate a quality on demand session for {}, one hour",
    "ensure that {} works without interruption",
    "deliver {} to users in the stadium",
    "optimise the network for {}",
    "I'm at home and want {}",
)
_TEMPLATES_OF_A_NAME = 5
SLIPS = 1
"""Variants of each example with typing slips."""
_WISHES = (
    "for {u} users",
    "with {l} ms latency",
    "with latency below {l} ms",
    "for {u} people, {r} Mbps each",
    "at {r} Mbps",
    "{u} users, {l} ms",
    "with 99.99 % reliability",
    "low latency please",
    "with high bandwidth and low delay",
    "latency under {l} ms and {r} Mbps for {u} users",
    "availability of 99.9 %",
    "and it must be reliable",
    "as a network slice",
    "in Berlin, {u} users",
)


@dataclass(frozen=True)
class Example:
    """A sentence with what it is; variants of one sentence share its group."""

    text: str
    kind: Kind
    service: int
    """Index in the catalogue, -1 where it is no service request."""
    group: int


def read_sentences(path: Path) -> list[str]:
    """Lines of a file that are neither empty nor headings.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("# ")]


def with_typos(text: str, rng: random.Random, share: float = 0.2) -> str:
    """The text with one typing slip in that share of its words (at least three letters long)."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(re.sub(r"[^A-Za-z]", "", word)) >= 3]
    count = max(1, round(share * len(words))) if long else 0
    for i in rng.sample(long, min(count, len(long))):
        words[i] = _slip(words[i], rng)
    return " ".join(words)


def _slip(word: str, rng: random.Random) -> str:
    at = rng.choice([i for i, c in enumerate(word) if c.isalpha()])
    how = rng.choice(("swap", "drop", "double", "neighbour"))
    if how == "swap" and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if how == "drop":
        return word[:at] + word[at + 1 :]
    if how == "neighbour":
        near = NEIGHBOURS.get(word[at].lower())
        return word[:at] + rng.choice(near) + word[at + 1 :] if near else word
    return word[: at + 1] + word[at:]


def load_examples(
    catalogue: Catalogue, *, multilingual: bool = False, folder: Path | None = None
) -> list[Example]:
    """Every example, without variants: services first, then the other kinds.

    Args:
        catalogue: whose phrasings, names and aliases are examples.
        multilingual: add the Chinese sentences.
        folder: where the other kinds are; None for the one that ships.
    """
    folder = folder or data_root() / "intents" / "examples"
    found: list[Example] = []
    for index, service in enumerate(catalogue.services):
        for text in (*service.examples, service.description, service.name):
            found.append(Example(text, "service", index, len(found)))
    for kind, name in _FILES.items():
        for text in read_sentences(folder / name):
            found.append(Example(text, kind, -1, len(found)))
    found += _labelled(folder / "requests.txt", catalogue, len(found))
    if multilingual:
        found += _labelled(folder / "chinese.txt", catalogue, len(found))
    return found


def _labelled(path: Path, catalogue: Catalogue, first: int) -> Iterable[Example]:
    """Lines of a service id or a kind, a bar, and a sentence."""
    order = {service_id: index for index, service_id in enumerate(catalogue.ids)}
    for offset, line in enumerate(read_sentences(path)):
        label, _, text = (part.strip() for part in line.partition("|"))
        kind: Kind = next((k for k in KINDS[1:] if k == label), "service")
        if (kind == "service" and label not in order) or not text:
            raise ConfigurationError(
                f"{path}: {line!r} must be a service id or a kind, a bar, and a sentence"
            )
        yield Example(text, kind, order.get(label, -1), first + offset)


def training_variants(
    catalogue: Catalogue, examples: list[Example], seed: int = 0
) -> list[Example]:
    """Examples with seeded variants: aliases in templates, wishes of quality, typing slips.

    An alias that several services share is left out: it tells none of them. Each sentence has
    numbers of its own, so that another example changes no variant of the rest.
    """
    result = list(examples)
    owners: dict[str, set[int]] = {}
    for index, service in enumerate(catalogue.services):
        for alias in service.aliases:
            owners.setdefault(alias, set()).add(index)
    group = max((e.group for e in examples), default=-1) + 1
    for alias, services in owners.items():
        if len(services) == 1:
            rng = random.Random(f"{seed} {alias}")
            for template in rng.sample(_TEMPLATES, _TEMPLATES_OF_A_NAME):
                result.append(Example(template.format(alias), "service", min(services), group))
            group += 1
    for example in examples:
        if not example.text.isascii():
            continue
        rng = random.Random(f"{seed} {example.text}")
        for _ in range(SLIPS):
            result.append(replace(example, text=with_typos(example.text, rng)))
        if example.kind == "service":
            wish = rng.choice(_WISHES).format(
                u=rng.choice((2, 5, 12, 30, 100, 500)),
                l=rng.choice((1, 5, 10, 20, 50, 100)),
                r=rng.choice((1, 5, 10, 50, 200)),
            )
            result.append(replace(example, text=f"{example.text} {wish}"))
    return result


def fingerprint(model_id: str, version: int, examples: Iterable[Example]) -> str:
    """A key that changes with the model, the version of the features, or any example."""
    digest = hashlib.sha256(f"{model_id}|{version}\n".encode())
    for example in examples:
        digest.update(f"{example.kind}|{example.service}|{example.text}\n".encode())
    return digest.hexdigest()[:32]
