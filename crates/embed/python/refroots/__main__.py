"""Runs the refroots command: ``python -m refroots``, and the script ``refroots`` that pip makes."""

import sys

from refroots import _native


def main() -> int:
    """Does what the command line says; returns the exit status."""
    return _native.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
