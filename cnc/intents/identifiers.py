"""Names of machines and accounts in a text: they say nothing of a service, and are no amounts.

Portals that order quality on demand are told phone numbers and addresses of devices ("QoS session
for +1 202 555 0180 to 203.0.113.10"); read as numbers they would be users.
"""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(
    r"https?://\S+"
    r"|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\d.])"
    r"|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"
    r"|(?<![\w:])(?=[0-9a-f:]*[a-f])(?:[0-9a-f]{1,4}:{1,2}){2,7}[0-9a-f]{1,4}(?:/\d{1,3})?\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"
    r"|\b(?:sst|sd|s-?nssai|dnn|plmn|imsi|imei|msisdn|supi|gpsi)\s*[:=]?\s*\d[\d-]*\b"
    r"|\b(?:ticket|order|invoice|account|customer|phone|mobile|tel)"
    r"\s*(?:number|no\.?|id|:|#)\s*(?:is\s*)?[:#]?\s*\d+(?:-\d+)*\b"
    r"|(?P<quote>['\"])(?=[^\s'\"]*[a-z])(?=[^\s'\"]*[\d_])[\w./:-]*[_/:-][\w./:-]*(?P=quote)",
    re.IGNORECASE,
)


def without_identifiers(text: str) -> str:
    """The text without phone numbers, addresses, links, ids of slices and tickets, quoted names."""
    return " ".join(_IDENTIFIER.sub(" ", text).split())
