"""`python -m pellucid`: the command line."""

import sys

from ._core import main as run


def main() -> int:
    """Run a command with the arguments of this process.

    Returns
    -------
    int
        Its exit code.
    """
    sys.stdout.flush()
    return run(["pellucid", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
