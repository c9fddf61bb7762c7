"""Which seeds worlds and traces are drawn from, for which purpose: the ranges never overlap.

Numbers below the first range are free for tries (`cnc up --seed 7`). All are below 2^31, as some
solvers want.
"""

from __future__ import annotations

from enum import Enum

from cnc.errors import UsageError


class Purpose(Enum):
    """What worlds and traces are for; the value is the range of their seeds."""

    TRAINING = range(10_000_000, 100_000_000)
    VALIDATION = range(100_000_000, 200_000_000)
    """Choosing between trained policies, and their settings."""
    EVALUATION = range(200_000_000, 300_000_000)
    """What results are reported on."""


WORLDS = 100
"""Most worlds of one stated seed."""
TRACES = 1_000
"""Most traces of one world."""
STATED = 900
"""Seeds that may be stated: 0 to 899, so that every purpose has room for them."""


def purpose_of(seed: int) -> Purpose | None:
    """The purpose that a world's or trace's seed is for; None where it is free."""
    return next((purpose for purpose in Purpose if seed in purpose.value), None)


def trace_seed(purpose: Purpose, stated: int, world: int, trace: int) -> int:
    """The seed of one trace: no two worlds share one, every load and policy meets the same.

    Args:
        purpose: what for.
        stated: the seed of `--seed`.
        world: number of the world, from 0.
        trace: number of the trace in that world, from 0.

    Raises:
        UsageError: a number outside what is documented.
    """
    _check("the seed", stated, STATED)
    _check("the number of a world", world, WORLDS)
    _check("the number of a trace", trace, TRACES)
    return purpose.value.start + (stated * WORLDS + world) * TRACES + trace


def world_seed(purpose: Purpose, stated: int, world: int) -> int:
    """The seed of one world, that of its first trace (the two draw from streams of their own)."""
    return trace_seed(purpose, stated, world, 0)


def _check(what: str, number: int, most: int) -> None:
    if not 0 <= number < most:
        raise UsageError(f"{what} is from 0 to {most - 1}, not {number}")
