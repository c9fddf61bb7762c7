"""Training and evaluation: rollouts of policies in the simulator, without a bus.

May import `cnc.policies`, `cnc.environment` and below.
"""
