"""What travels on the bus: the envelope, the bodies of every message kind, and the topics.

Every model is frozen, forbids unknown fields and refuses NaN and infinity. May import
`cnc.settings` and `cnc.errors`; never opens a connection and never decides anything.
"""
