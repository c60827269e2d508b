"""Which cases the day leaves to the night, which one night leaves to others, and `each`."""

import zlib

import pytest


def of_the_night(item):
    """Whether the day leaves a test to the night: one of a product, or of many cases."""
    return of_a_product(item) or is_thinned_out(item)


EACH = 16
"""By day a test of many cases takes about so many fewer, but as its mark or its file's has it."""


def is_thinned_out(item):
    """Whether the day goes without a case: it takes the plainest one and some of the others.

    Those are about each n-th, drawn by their names, so that each dtype and each mode has its turn
    with some functions. `thinned(n)` says n: 1 is all, and what is slow and alike for many
    functions has a larger one, such as each optimizer on sharded parameters.
    """
    if not hasattr(item, "callspec") or not any(item.callspec.indices.values()):
        return False
    mark = item.get_closest_marker("thinned")
    return zlib.crc32(item.nodeid.encode()) % (mark.args[0] if mark else EACH) != 0


NIGHTS = 14
"""In about so many nights every case that the day leaves out has had its turn."""


def of_another_night(item, night):
    """Whether the night of that name leaves a case out: it draws about a fourteenth of them."""
    return zlib.crc32(f"{night} {item.nodeid}".encode()) % NIGHTS != 0


def drawn(items, night):
    """The tests that the night of that name runs, and the cases that it leaves to others."""
    kinds = [], []
    for item in items:
        kinds[of_the_night(item) and of_another_night(item, night)].append(item)
    return kinds


def of_a_product(item):
    """Whether two or more axes of a parametrised test are off their first values.

    A test of functions x dtypes x modes takes each function, each dtype and each mode by day,
    with the first of all others, and every combination by night. So the first value of an axis
    is the plainest: float32, eager, PyTorch's default.
    """
    return hasattr(item, "callspec") and sum(off_the_first(item)) > 1


def off_the_first(item):
    """For each axis of a parametrised test, whether its value is another than the first."""
    of_fixtures = dict(item.callspec.indices)
    for mark in item.iter_markers("parametrize"):
        names, values = mark.args[:2]
        names = names.replace(",", " ").split() if isinstance(names, str) else names
        got = [item.callspec.params[name] for name in names]
        first = next(iter(values))
        if isinstance(first, type(pytest.param())):
            first = first.values
        elif len(names) == 1:
            first = (first,)
        yield any(one is not other for one, other in zip(got, first, strict=True))
        for name in names:
            del of_fixtures[name]
    yield from (index > 0 for index in of_fixtures.values())


def each(cases, check):
    """Checks every case, by its name, and tells of all that fail together."""
    assert cases, "no cases"
    failures = []
    for name, case in cases.items():
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as failure:
            failure.add_note(name)
            failures.append(failure)
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(cases)} cases fail", failures)
