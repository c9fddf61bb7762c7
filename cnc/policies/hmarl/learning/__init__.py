"""HMARL learns while it runs (docs/hmarl.md, "Learning on the bus").

Every agent looks back at its last slot with what was measured since, moves its own weights along
the marginal costs of that slot, and goes back to the last good weights where that made it worse.
Imports torch, and is imported only where learning is asked for. May import the rest of HMARL and
the heuristics; never the bus, the kernel or training.
"""
