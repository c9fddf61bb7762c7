from __future__ import annotations

from typing import Any

from cnc.bus.asyncapi import asyncapi_document
from cnc.bus.channels import CHANNELS, channel_of
from cnc.messages.catalogue import BODIES
from cnc.messages.topics import Topics


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [entry for key, entry in value.items() if key == "$ref" and isinstance(entry, str)]
        mapped = value.get("discriminator", {})
        mapping = mapped.get("mapping", {}) if isinstance(mapped, dict) else {}
        nested = [found for entry in value.values() for found in references(entry)]
        return own + list(mapping.values()) + nested
    if isinstance(value, list):
        return [found for entry in value for found in references(entry)]
    return []


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi_document()
    found = references(document)
    assert len(found) > 100
    for reference in found:
        place: Any = document
        assert reference.startswith("#/")
        for step in reference[2:].split("/"):
            place = place[step]


def test_every_kind_and_every_channel_is_described() -> None:
    document = asyncapi_document("lab/v1")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == {body.KIND for body in BODIES}
    assert {body for channel in CHANNELS for body in channel.bodies} == set(BODIES)
    assert document["channels"]["report"]["address"] == "lab/v1/domains/{domain}/report"
    assert document["operations"]["publish_clock"]["bindings"]["mqtt"]["qos"] == 0
    for name, message in document["components"]["messages"].items():
        schema = message["payload"]["schema"]
        assert schema["properties"]["kind"]["const"] == name
        assert "schema" in schema["properties"]


def test_every_topic_builder_has_its_channel() -> None:
    topics = Topics()
    built = {
        "presence": topics.presence("a"),
        "clock": topics.clock(),
        "telemetry": topics.telemetry("a"),
        "actuation": topics.actuation("a"),
        "demand": topics.demand(),
        "report": topics.report("a"),
        "directive": topics.directive("a"),
        "view": topics.view(),
        "e2e_requests": topics.e2e_requests(),
        "service_requests": topics.service_requests(),
        "service_quality": topics.service_quality("a"),
        "intent_requests": topics.intent_requests(),
        "intent_events": topics.intent_events("a"),
        "knowledge_requests": topics.knowledge_requests(),
        "knowledge_changes": topics.knowledge_changes(),
        "control": topics.control("a"),
        "replies": topics.replies("a"),
    }
    assert set(built) == {channel.name for channel in CHANNELS}
    for name, topic in built.items():
        channel, parameter = channel_of(topics, topic)
        assert channel is not None and channel.name == name
        assert parameter == ("a" if "{" in channel.address else None)
    assert channel_of(topics, "elsewhere/clock") == (None, None)
