"""Items that a thread makes before they are asked for."""

import threading

import pytest

from jaxgrad.data._ahead import ahead


def counted(made, stop=100):
    for number in range(stop):
        made.append(number)
        yield number


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("stop", [0, 1, 2, 7])
def test_all_come_in_their_order(count, stop):
    assert list(ahead(counted([], stop), count)) == list(range(stop))


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_are_made_than_asked_for(count):
    made = []
    items = ahead(counted(made), count)
    assert not made  # nothing begins before the first is asked for
    for number in range(5):
        assert next(items) == number
        assert len(made) <= number + 1 + count
    items.close()
    assert len(made) <= 5 + count


def test_the_next_is_made_while_one_is_used():
    begun, go_on = threading.Event(), threading.Event()

    def items():
        yield 0
        begun.set()
        assert go_on.wait(10)
        yield 1

    found = ahead(items())
    assert next(found) == 0 and begun.wait(10)
    go_on.set()
    assert list(found) == [1]


def test_an_error_comes_in_its_place():
    def items():
        yield 0
        yield 1
        raise ValueError("the third")

    found = ahead(items(), 3)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(found)


def test_it_leaves_no_thread_behind():
    before = threading.active_count()
    items = ahead(counted([]))
    next(items)
    items.close()
    assert threading.active_count() == before
