"""CAMARA Quality on Demand: the body of `POST /sessions` (`CreateSession`).

| field of CreateSession | intent |
| --- | --- |
| `qosProfile` | service (its id: a "searchable descriptive name") |
| `duration`, s | time window |
| `device` | one user, where it is there |
| `applicationServer`, ports, `sink`, `sinkCredential` | nothing |

The quality itself is in the profile, which provider and consumer agree on beforehand; hence the
figures of an intent are not in a session, and the catalogue supplies them when one is read. Where
an intent has no time window that is a duration, an hour is asked for. `applicationServer` is
required; an emulated server has no address, so that one reserved for documents is written
(RFC 5737). `device` is left out, as the standard has it where the access token names the device.

Source: quality-on-demand.yaml of camaraproject/QualityOnDemand (CreateSession, BaseSessionInfo,
QosProfileName, ApplicationServer, Device).
"""

from __future__ import annotations

import re
from typing import Any

from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.wanted import Wanted, need_service
from cnc.messages.intents import Slot

TITLE = "CAMARA QoD session request"
SERVER = "192.0.2.10"
DEFAULT_S = 3600
_LONGEST_S = 2**31 - 1
"""`format: int32`."""
_GRADES = {"QOS_S", "QOS_M", "QOS_L", "QOS_E"}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_FOR = re.compile(
    r"\bfor (?:the )?(?:next |coming )?(?P<n>\d+|an?|one)? ?(?P<unit>second|minute|hour|day|week)s?"
)
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def write(described: Described) -> dict[str, Any]:
    """The intent as a request for a QoD session."""
    intent = described.intent
    window = "" if intent.time_window is None else intent.time_window.value
    return {
        "applicationServer": {"ipv4Address": SERVER},
        "qosProfile": intent.service,
        "duration": duration_s(window) or DEFAULT_S,
    }


def duration_s(window: str) -> int | None:
    """Seconds of "for 2 hours" or "18:00-22:00"."""
    if (span := _SPAN.search(window)) is not None:
        start, end = (60 * int(span[i]) + int(span[i + 1]) for i in (1, 3))
        return 60 * ((end - start) % 1440 or 1440)
    if (found := _FOR.search(window)) is not None:
        number = int(found["n"]) if (found["n"] or "").isdigit() else 1
        return min(_LONGEST_S, max(1, number * _SECONDS[found["unit"]]))
    return None


def matches(document: Node) -> bool:
    """Whether the document is a request for a QoD session."""
    return document.get("qosProfile") is not None


def read(document: Node, catalogue: Catalogue) -> tuple[Wanted, Service]:
    """What a request for a QoD session asks for.

    Raises:
        ConfigurationError: it cannot be read, or its profile names no service.
    """
    wanted = Wanted()
    profile = document.need("qosProfile", allowed="the id of a service")
    if (grade := profile.text("the id of a service belongs here")) in _GRADES:
        raise profile.error(
            f"{grade} names a grade and no service; allowed are {', '.join(catalogue.ids)}"
        )
    server = document.need("applicationServer", allowed="an object with ipv4Address or ipv6Address")
    if server.get("ipv4Address", "ipv6Address") is None:
        raise server.wrong("an object with ipv4Address or ipv6Address belongs here")
    duration = document.get("duration")
    if duration is not None:
        allowed = f"allowed is a whole number of seconds from 1 to {_LONGEST_S}"
        seconds = duration.number(allowed)
        if not 1 <= seconds <= _LONGEST_S or seconds != int(seconds):
            raise duration.wrong(allowed)
        wanted.time_window = f"for {int(seconds)} seconds"
    device = document.get("device")
    if device is not None:
        if not device.members():
            raise device.wrong("allowed are phoneNumber, ipv4Address, ipv6Address")
        wanted.users = Slot[int](value=1, origin="said", source="a QoD session is for one device")
    for name in ("devicePorts", "applicationServerPorts", "sink", "sinkCredential"):
        if (found := document.get(name)) is not None:
            wanted.unread(found, "it has no place in an intent")
    return wanted, need_service(catalogue, [profile], document)
