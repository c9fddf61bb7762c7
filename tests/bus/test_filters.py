from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from cnc.bus.filters import check_filter, check_topic, matches
from cnc.errors import UsageError

LEVELS = st.lists(st.sampled_from(["a", "b", "", "$SYS"]), min_size=1, max_size=4)
FILTERS = st.lists(st.sampled_from(["a", "b", "+", ""]), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("+", "", True),
        ("a/b", "a/b", True),
    ],
)
def test_matching(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@given(FILTERS, st.booleans(), LEVELS)
def test_agrees_with_paho(levels: list[str], rest: bool, topic: list[str]) -> None:
    topic_filter = "/".join([*levels, "#"] if rest else levels)
    assert matches(topic_filter, "/".join(topic)) == topic_matches_sub(
        topic_filter, "/".join(topic)
    )


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a#", "+a", "a\x00"])
def test_malformed_filters(topic_filter: str) -> None:
    with pytest.raises(UsageError):
        check_filter(topic_filter)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\x00"])
def test_malformed_topics(topic: str) -> None:
    with pytest.raises(UsageError):
        check_topic(topic)
