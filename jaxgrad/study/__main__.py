"""`python -m jaxgrad.study` is `jaxgrad study`."""

import sys

from .cli import main

sys.exit(main(["study", *sys.argv[1:]]))
