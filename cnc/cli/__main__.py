"""Entry point of the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command line; ends the process with the code of docs/cli.md."""
    from cnc.cli.application import build

    build()(prog_name="cnc")


if __name__ == "__main__":
    main()
