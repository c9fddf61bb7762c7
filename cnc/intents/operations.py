"""Network operations by verb and object: jobs for an administrator, not services to provide."""

from __future__ import annotations

import re

_VERB = (
    r"block|unblock|deny|permit|allow|forbid|ban|drop|filter|reboot|restart|reset|configure|"
    r"reconfigure|"
    r"shut\s*down|turn\s+(?:off|on)|switch\s+(?:off|on)|enable|disable|delete|remove|add|"
    r"create|install|"
    r"uninstall|update|upgrade|downgrade|patch|assign|change|set|show|list|display|ping|trace|"
    r"traceroute|"
    r"mirror|limit|rate[\s-]?limit|throttle|redirect|reroute|route|inspect|open|close|flush|"
    r"clear|roll\s*back|"
    r"apply|mark|prioriti[sz]e|quarantine|isolate|check|debug|troubleshoot|diagnose|advertise|"
    r"announce|migrate|"
    r"scale|renew|rotate|restore|replace|repair|balance|forward|whitelist|blacklist|put|move|tag|"
    r"increase|decrease|raise|lower|bring\s+(?:up|down)|deploy|verify|validate|dump|export|"
    r"define|insert|"
    r"monitor|scan|tilt|hand\s*over|modify|edit|map|bind|attach|detach|withdraw|protect|let|"
    r"make\s+sure|ensure|find|save|back\s*up|get|view|start|stop|connect|disconnect|which|"
    r"what|how\s+many|why|resize|suspend|resume|trigger|rebalance"
)
_OBJECT = (
    r"ports?\s*\d+|\d+/(?:tcp|udp)|(?:switch|trunk|access|uplink|mirror|serial|console|router|"
    r"open|unused)\s*ports?|ports?|"
    r"routers?|switch(?:es)?|firewalls?|v-?lans?|vxlans?|bgp|ospf|eigrp|is-is|rip|mpls|ldp|"
    r"stp|spanning[\s-]tree|"
    r"acls?|access[\s-](?:control[\s-])?lists?|interfaces?|loopback|gigabitethernet\S*|"
    r"ethernet|eth\d\S*|"
    r"ip\s+address(?:es)?|ips?|ipv[46]|subnets?|netmask|prefix(?:es)?|dns|dhcp|nat|arp|icmp|"
    r"tcp|udp|ssh|telnet|snmp|ntp|ftp|https?|smtp|"
    r"ssid|access\s+points?|mtu|default\s+gateway|gateways?|static\s+routes?|routes?|"
    r"routing(?:\s+tables?|\s+polic\w+)?|"
    r"vrf|gre|ipsec|vpn\s+(?:tunnels?|gateways?)|tunnels?|firmware|running[\s-]config\S*|"
    r"config(?:uration)?s?|"
    r"mac\s+address(?:es)?|packets?|netflow|syslog|middlebox(?:es)?|load\s+balancers?|proxy|"
    r"ids|ips|dpi|deep\s+packet\s+inspection|intrusion\s+(?:detection|prevention)\s+systems?|"
    r"openflow|flow\s+(?:rules?|tables?|entr\w+)|sdn\s+controller|hosts?\s+[a-z]?\d*|h\d+|"
    r"s\d+|r\d+|upf|amf|smf|gnb|enb|antenna|"
    r"(?:core|edge|border|backbone)\s+(?:routers?|switch\w*)|link\s+(?:between|s?\d|r?\d|"
    r"capacity|from)|links|"
    r"dscp|qos\s+polic\w+|polic(?:y|ies)|rules?|bandwidth\s+(?:of|for)|quotas?|traffic|"
    r"queues?|bridge\s+domain|hostname|certificates?|line\s+card|cells?\s+\d+|neighbou?rs?|"
    r"transmit\s+power|protocols?|peering|peers?\s+as|as\s?\d{2,}|telemetry\s+collector|"
    r"log(?:s|ging)?\s+server|user\s+account|[vc]nfs?|failover|"
    r"network\s+functions?"
)
_STRONG_OBJECT = re.compile(
    r"\b(?:ports?\s*\d+|\d+/(?:tcp|udp)|v-?lans?\b(?:\s*\d+)?|bgp|ospf|eigrp|mpls|stp|"
    r"spanning[\s-]tree|acls?|access[\s-](?:control[\s-])?lists?|"
    r"gigabitethernet\S*|eth\d\S*|ip\s+address(?:es)?|subnets?|icmp|snmp|dhcp|arp|"
    r"static\s+routes?|routing\s+tables?|"
    r"firewalls?|routers?|middlebox(?:es)?|openflow|flow\s+(?:rules?|tables?)|"
    r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d+)?|"
    r"ssid|mtu|mac\s+address(?:es)?|firmware|running[\s-]config\S*|deep\s+packet\s+inspection|"
    r"dpi|load\s+balancers?|netflow|dscp|vrf|gre|nat|proxy|[vc]nfs?|"
    r"transmit\s+power|network\s+functions?)\b",
    re.IGNORECASE,
)
_OPENING = (
    r"^\W*(?:(?:please|kindly|could\s+you|can\s+you|would\s+you|you\s+should|i\s+(?:want|need|"
    r"would\s+like|'d\s+like)\s+(?:you\s+)?to|we\s+(?:want|need|would\s+like|have)\s+to|let's|"
    r"now|then|first|hey|hi|ok(?:ay)?|for\s+[^,]{3,40},|on\s+[^,]{3,40},|in\s+[^,]{3,40},|"
    r"next|also|immediately|it\s+is\s+necessary\s+to)[\s,]*)*"
)
_RULE = re.compile(
    rf"{_OPENING}(?P<verb>{_VERB})\b(?P<between>[^.;?!]{{0,60}}?)\b(?:{_OBJECT})\b", re.IGNORECASE
)
_HARD_VERB = re.compile(
    rf"{_OPENING}(?:block|unblock|deny|permit|forbid|ban|drop(?!\s+table)|reboot|restart|shut\s*down|"
    rf"throttle|quarantine|ping|traceroute|rate[\s-]?limit|reconfigure|whitelist|blacklist)\b",
    re.IGNORECASE,
)

_RADIO = re.compile(
    rf"{_OPENING}(?:optimi[sz]e|implement|tune|adjust|reduce|minimi[sz]e)\b[^.;?!]{{0,40}}?\b(?:beamforming|bbu|"
    r"transmit\s+power|cell\s+sites?|handover\s+(?:parameters?|thresholds?|margins?)|"
    r"(?:energy|power)\s+(?:use|usage|consumption)\s+of\s+(?:all\s+|the\s+|our\s+)*(?:ran|base\s+"
    r"stations?|cells?|networks?|core))\b",
    re.IGNORECASE,
)
"""Setting the radio network itself."""
_MEASURING = re.compile(
    rf"{_OPENING}(?:monitor|measure|track|report|log|alert|notify|watch)\b(?:\s+(?:on|us|me|the|all|"
    r"any|every|of|our|if|when|urllc|embb|mmtc|slices?|networks?|ran|links?|cells?|average|mean|p\d+|"
    r"end[\s-]to[\s-]end|e2e|user|current|peak|intents?))*\s+(?:latency|delay|throughput|jitter|"
    r"packet\s+loss|availability|utili[sz]ation|fulfil+ment|slas?|kpis?|counters)\b",
    re.IGNORECASE,
)
"""Observing figures of the network itself."""


def operation_strength(text: str) -> int:
    """How clearly the text is a network operation.

    Returns:
        3 for a verb with an object that only networks have (or a verb such as "block"), 2 for a
        verb with an ordinary object, 1 for such an object alone, 0 otherwise.
    """
    strong = _STRONG_OBJECT.search(text) is not None
    if any(rule.search(text) for rule in (_HARD_VERB, _MEASURING, _RADIO)):
        return 3
    if _RULE.search(text):
        return 3 if strong else 2
    return 1 if strong else 0
