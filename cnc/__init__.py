"""cnc: a control plane for 6G computing-network convergence.

Three layers of orchestrators (service, end-to-end, domain) exchange state reports and
directives over MQTT, above an emulated infrastructure of 21 domains. Start at
`docs/architecture.md`; each package's docstring says what it does and what it may import.
"""

__version__ = "0.1.0"
