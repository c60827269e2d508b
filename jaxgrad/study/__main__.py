"""`python -m jaxgrad.study` is `jaxgrad study`."""

import sys

from jaxgrad.cli import main

if __name__ == "__main__":
    sys.exit(main(["study", *sys.argv[1:]]))
