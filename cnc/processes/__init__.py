"""asyncio shells around the pure orchestrators, the infrastructure emulator, the supervisor.

Everything that waits, measures time or touches files happens here. May import all packages
but `cnc.cli`.
"""
