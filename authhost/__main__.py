"""`python -m authhost` is the command `authhost`."""

from authhost.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
