"""The command line: Typer commands and Rich rendering, nothing else.

Each command is thin over `cnc.processes`, which may be imported together with everything
below. Heavy imports happen inside the commands that need them, so that `cnc --help` is quick.
"""
