"""`jaxgrad fit` in this process, on heights and weights of people, and the table it prints."""

import re

from jaxgrad import cli

WEIGHTS = (115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164)
LINES = (f"{height},{weight},someone" for height, weight in enumerate(WEIGHTS, 58))
PEOPLE = "\n".join(["height,weight,name", *LINES])


def fit(*arguments):
    return cli.main(["fit", *map(str, arguments)])


def table(out):
    """The numbers of each line of the printed table."""
    found = re.findall(r"^(\S+) +((?: *-?[\d.]+(?:e[-+]\d+)?)+)$", out, re.MULTILINE)
    return {name: [float(number) for number in numbers.split()] for name, numbers in found}
