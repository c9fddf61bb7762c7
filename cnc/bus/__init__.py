"""How messages travel: the bus interface, an MQTT client, an in-memory bus, an embedded broker.

May import `cnc.messages`, `cnc.settings` and `cnc.errors`; is imported by `cnc.processes` and
`cnc.cli` alone. Only this package speaks MQTT. It never decides anything about orchestration
and never writes to the terminal.
"""
