"""`python -m cnc` is the same program as `cnc`."""

from cnc.cli.__main__ import main

if __name__ == "__main__":
    main()
