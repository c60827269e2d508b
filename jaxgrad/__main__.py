"""`python -m jaxgrad` is the command `jaxgrad`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
