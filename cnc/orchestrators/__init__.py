"""The three layers of orchestrators as plain objects: events in, instructions out.

No clock, no randomness of their own, no input or output: the shells in `cnc.processes` turn
bus messages into events and carry out the instructions. May import `cnc.policies`,
`cnc.intents`, `cnc.knowledge` and below; never the bus.
"""
