"""The emulated infrastructure: parameters, worlds, traffic, and the kernel that steps them.

Pure and batched; the equations are those of docs/system-model.md. May import `cnc.settings`
and `cnc.errors`; no pydantic. Only `kernel`, `routing`, `percentiles` and `outcome` import
torch: worlds and traffic are numpy, so that a domain process runs without it.
"""
