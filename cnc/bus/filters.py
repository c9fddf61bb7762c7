"""MQTT topic filters: validity and matching (MQTT 5.0, section 4.7)."""

from __future__ import annotations

from cnc.errors import UsageError


def check_filter(topic_filter: str) -> None:
    """Check that a filter is well formed.

    Raises:
        UsageError: it is empty, `#` is not its last level, or a wildcard shares its level.
    """
    levels = topic_filter.split("/")
    misplaced = any(
        ("#" in level and (level != "#" or index != len(levels) - 1))
        or ("+" in level and level != "+")
        for index, level in enumerate(levels)
    )
    if not topic_filter or "\x00" in topic_filter or misplaced:
        raise UsageError(
            f"{topic_filter!r} is not a topic filter; `+` stands for one whole level, `#` for "
            "the rest and only at the end"
        )


def check_topic(topic: str) -> None:
    """Check that a topic can be published to.

    Raises:
        UsageError: it is empty or holds a wildcard.
    """
    if not topic or any(character in topic for character in "+#\x00"):
        raise UsageError(f"{topic!r} is not a topic to publish to; it is empty or has a wildcard")


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic falls under a filter; topics that start with `$` need it spelled out."""
    if topic_filter == topic:
        return True
    if "+" not in topic_filter and "#" not in topic_filter:
        return False
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted = topic_filter.split("/")
    levels = topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)
