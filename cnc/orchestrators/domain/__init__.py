"""Domain orchestrators: native telemetry to the unified model, and decisions inside a domain.

One class for all kinds; each kind has its own mapping (`terminal`, `ran`, `transport`).
"""
