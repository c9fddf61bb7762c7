"""O-RAN A1 policy of type `ORAN_QoSTarget_2.0.0`: the radio part of an intent.

| field of the policy | intent |
| --- | --- |
| `scope.sliceId.sd` | service: its place in the catalogue from 1, in six hexadecimal digits |
| `scope.sliceId.{sst, plmnId}` | slice type by scenario; test network 001-01 |
| `scope.qosId.5qI` | the standard 5QI whose packet delay budget is the largest within the latency |
| `qosObjectives.gfbr`, kbit/s | data rate of a user |
| `qosObjectives.pdb`, ms | latency, of which the radio part is only a share |
| `qosObjectives.priorityLevel` | priority; 10 to 127 are read as 9 |

`ORAN_SliceSLATarget` is read as well: `sliceSlaObjectives.maxNumberOfUes`, `guaUlThptPerSlice`
and `maxUlThptPerUe`. A policy inside a request of the policy management service is found under
`policy_data`, `policyData` or `policyObject`.

Sources: policy_schema_qos_target.json and policy_schema_slice_sla_target.json of
onosproject/onos-a1-dm, after O-RAN.WG2.A1TD. The schemas give no units; kbit/s, ms and the levels
1 to 127 are those of 3GPP TS 23.501 clause 5.7. Slice types: TS 23.501 table 5.15.2.2-1; 5QI:
table 5.7.4-1.
"""

from __future__ import annotations

from typing import Any

from cnc.intents.catalogue import Catalogue, Service, load_catalogue
from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.wanted import Target, Wanted
from cnc.messages.intents import Comparison

TITLE = "O-RAN A1 policy"
POLICY_TYPE = "ORAN_QoSTarget_2.0.0"
PLMN = {"mcc": "001", "mnc": "01"}
_SST = {"Hyper Reliable and Low-Latency Communication": 2, "Massive Communication": 3}
_BUDGETS_MS = ((300.0, 4), (150.0, 2), (100.0, 1), (50.0, 3), (20.0, 90), (15.0, 89), (10.0, 82))
_TIGHTEST = 87
"""5QI with a packet delay budget of 5 ms."""
_INSIDE = ("policy_data", "policyData", "policyObject")
_OBJECTIVES = ("qosObjectives", "sliceSlaObjectives")
_READ: dict[str, tuple[Target, str, Comparison]] = {
    "gfbr": ("data_rate_mbps", "kbps", "at_least"),
    "pdb": ("latency_ms", "ms", "at_most"),
    "maxnumberofues": ("users", "users", "at_most"),
    "guaulthptperslice": ("data_rate_total_mbps", "kbps", "at_least"),
    "maxulthptperue": ("data_rate_mbps", "kbps", "at_most"),
}


def write(described: Described) -> dict[str, Any]:
    """The intent's radio part as a QoS target policy."""
    intent = described.intent
    latency = intent.latency_ms.value
    number = load_catalogue().ids.index(intent.service) + 1
    return {
        "scope": {
            "sliceId": {"sst": _SST.get(intent.scenario, 1), "sd": f"{number:06x}", "plmnId": PLMN},
            "qosId": {"5qI": next((q for b, q in _BUDGETS_MS if b <= latency), _TIGHTEST)},
        },
        "qosObjectives": {
            "gfbr": float(f"{1000 * intent.data_rate_mbps.value:.12g}"),
            "priorityLevel": intent.priority.value,
            "pdb": latency,
        },
    }


def matches(document: Node) -> bool:
    """Whether the document is an A1 policy, maybe inside a request of the management service."""
    inner = document.get(*_INSIDE)
    inside = inner if inner is not None and isinstance(inner.value, dict) else document
    return inside.get(*_OBJECTIVES) is not None


def read(document: Node, catalogue: Catalogue) -> tuple[Wanted, Service]:
    """What an A1 policy asks for.

    Raises:
        ConfigurationError: it cannot be read, or its slice belongs to no service.
    """
    document = document.get(*_INSIDE) or document
    wanted = Wanted()
    objectives = document.need(*_OBJECTIVES, allowed="the objectives of the policy")
    for name in objectives.members():
        node = objectives.get(name)
        if node is None:
            continue
        if name.casefold() == "prioritylevel":
            level = node.number("allowed is a number from 1 to 127")
            if not 1 <= level <= 127:
                raise node.wrong("allowed is a number from 1 to 127")
            wanted.priority = min(9, int(level))
        elif name.casefold() in _READ:
            target, unit, comparison = _READ[name.casefold()]
            wanted.quantity(target, node, unit, comparison)
        else:
            wanted.unread(node, "it has no place in an intent")
    return wanted, _service(document, catalogue)


def _service(document: Node, catalogue: Catalogue) -> Service:
    listed = ", ".join(f"{n:06x} {name}" for n, name in enumerate(catalogue.ids, start=1))
    allowed = f"the slice says which service is meant; allowed are {listed}"
    scope = document.need("scope", allowed=allowed)
    differentiator = scope.need("sliceId", allowed=allowed).need("sd", allowed=allowed)
    try:
        number = int(differentiator.text(allowed), 16)
    except ValueError:
        raise differentiator.wrong(allowed) from None
    if not 1 <= number <= len(catalogue.services):
        raise differentiator.wrong(allowed)
    return catalogue.services[number - 1]
