"""Seeds of training, validation and evaluation never meet."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from cnc.errors import UsageError
from cnc.training.seeds import STATED, TRACES, WORLDS, Purpose, purpose_of, trace_seed, world_seed


def test_ranges_are_disjoint_and_fit_31_bits() -> None:
    for one, other in combinations(Purpose, 2):
        assert one.value.stop <= other.value.start or other.value.stop <= one.value.start
    assert min(purpose.value.start for purpose in Purpose) >= 10_000_000
    assert max(purpose.value.stop for purpose in Purpose) <= 2**31


@pytest.mark.parametrize("purpose", Purpose)
def test_every_seed_is_of_its_purpose(purpose: Purpose) -> None:
    corners = product((0, STATED - 1), (0, WORLDS - 1), (0, TRACES - 1))
    for stated, world, trace in corners:
        assert purpose_of(trace_seed(purpose, stated, world, trace)) is purpose
        assert purpose_of(world_seed(purpose, stated, world)) is purpose


def test_no_two_traces_share_a_seed() -> None:
    seeds = {
        trace_seed(Purpose.EVALUATION, stated, world, trace)
        for stated, world, trace in product(range(3), range(WORLDS), range(50))
    }
    assert len(seeds) == 3 * WORLDS * 50


def test_training_worlds_begin_at_ten_million_and_tries_are_free() -> None:
    assert world_seed(Purpose.TRAINING, 0, 0) == 10_000_000
    assert purpose_of(0) is None and purpose_of(9_999_999) is None


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (STATED, 0, 0), (0, WORLDS, 0), (0, 0, TRACES)])
def test_numbers_out_of_range_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="is from 0 to"):
        trace_seed(Purpose.EVALUATION, *numbers)
