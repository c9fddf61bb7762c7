"""What agents see and do: sites, observations, orders, and their translation to messages.

Also the validated scenario files and the emulated infrastructure as one object that both the
offline rollout and the bus drive. May import `cnc.messages`, `cnc.simulator`, `cnc.settings`
and `cnc.errors`; only `infrastructure` imports torch, so that a domain process runs without.
"""
