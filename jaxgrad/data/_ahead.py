"""Reading ahead: the next items are made in a thread while the caller works on the last one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def ahead(items: Iterable[Any], count: int = 1) -> Generator[Any]:
    """The items in their order, `count` of them made before they are asked for.

    They are made one after another in one thread. An error there is raised here, in its place.
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="jaxgrad.ahead") as pool:
        try:
            waiting = deque(pool.submit(next, iterator, end) for _ in range(count))
            while (item := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(next, iterator, end))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)
