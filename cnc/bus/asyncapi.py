"""The AsyncAPI 3.0 document of the bus, generated from the message classes."""

from __future__ import annotations

import re
from typing import Any

from cnc.bus.channels import CHANNELS, Channel
from cnc.messages.base import Body
from cnc.messages.catalogue import BODIES, ENVELOPES
from cnc.messages.topics import DEFAULT_ROOT

DIALECT = "application/schema+json;version=draft-2020-12"


def asyncapi_document(root: str = DEFAULT_ROOT, version: str = "1") -> dict[str, Any]:
    """Channels, operations and messages with JSON schemas; `root` is the topic root."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "cnc bus",
            "version": version,
            "description": (
                "What travels between the orchestrators of a computing-network convergence "
                "control plane. MQTT 3.1.1 or 5, JSON in UTF-8."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel, root) for channel in CHANNELS},
        "operations": {f"publish_{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {"messages": {body.KIND: _message(body) for body in BODIES}},
    }


def _channel(channel: Channel, root: str) -> dict[str, Any]:
    parameters = re.findall(r"{(\w+)}", channel.address)
    described: dict[str, Any] = {
        "address": f"{root}/{channel.address}",
        "description": f"From {channel.sender} to {channel.receiver}.",
        "messages": {
            body.KIND: {"$ref": f"#/components/messages/{body.KIND}"} for body in channel.bodies
        },
        "x-retained": channel.retained,
        "x-replaceable": channel.replaceable,
    }
    if parameters:
        described["parameters"] = {
            name: {"description": f"Identifier of the {name}."} for name in parameters
        }
    return described


def _operation(channel: Channel) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": f"{channel.sender} to {channel.receiver}",
        "messages": [
            {"$ref": f"#/channels/{channel.name}/messages/{body.KIND}"} for body in channel.bodies
        ],
        "bindings": {
            "mqtt": {
                "qos": channel.qos,
                "retain": channel.retained,
                "bindingVersion": "0.2.0",
            }
        },
    }


def _message(body: type[Body]) -> dict[str, Any]:
    envelope = ENVELOPES[body.KIND]
    schema = envelope.model_json_schema(by_alias=True)
    schema["properties"]["kind"] = {"const": body.KIND, "type": "string"}
    schema["$defs"] = {_definition(name): entry for name, entry in schema.get("$defs", {}).items()}
    prefix = f"#/components/messages/{body.KIND}/payload/schema/$defs/"
    return {
        "name": body.KIND,
        "title": body.__name__,
        "summary": (body.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "payload": {"schemaFormat": DIALECT, "schema": _pointed(schema, prefix)},
    }


def _definition(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _pointed(value: Any, prefix: str) -> Any:
    """The same schema with its references resolved from the root of the document."""
    if isinstance(value, dict):
        return {
            key: prefix + _definition(entry.removeprefix("#/$defs/"))
            if key == "$ref" and isinstance(entry, str) and entry.startswith("#/$defs/")
            else _pointed_mapping(entry, prefix)
            if key == "mapping"
            else _pointed(entry, prefix)
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_pointed(entry, prefix) for entry in value]
    return value


def _pointed_mapping(mapping: Any, prefix: str) -> Any:
    """A discriminator's table of kind to reference."""
    if not isinstance(mapping, dict) or not all(isinstance(e, str) for e in mapping.values()):
        return _pointed(mapping, prefix)
    return {
        key: prefix + _definition(entry.removeprefix("#/$defs/"))
        if entry.startswith("#/$defs/")
        else entry
        for key, entry in mapping.items()
    }
