"""What agents see and do: sites, observations, orders, and their translation to messages.

Also the validated scenario files and the emulated infrastructure as one object that both the
offline rollout and the bus drive, a batch of it for training, and a PettingZoo environment. May
import `cnc.messages`, `cnc.simulator`, `cnc.settings` and `cnc.errors`. Only `infrastructure`,
`batched`, `decoding` and `parallel` import torch, so that a domain process runs without; only
`parallel` imports pettingzoo.
"""
