"""What is left of HMARL when one idea is taken out of it (docs/hmarl.md, "Ablations").

Each variant is put together from the real agents and the shipped weights; nothing is trained anew.
They are for comparisons in the simulator. May import all of `cnc.policies`; none of it imports this
but the registry.
"""
