"""The generator's state as data: seeding, drawing words, and conversion to PyTorch's bytes.

PyTorch's CPU generator is the 32-bit Mersenne Twister, as is NumPy's `MT19937`. It also keeps the
second normal sample of a pair for the next draw.
"""

import operator
from typing import Any, NamedTuple

import numpy as np

from jaxgrad import _checks
from jaxgrad._checks import Checks

LENGTH = 624
"""Words in the twister's array."""

_BYTES = np.dtype(
    {
        # The offsets of the C struct, padding included.
        "names": ["seed", "left", "seeded", "next", "words", "normal", "has_normal"]
        + ["single", "has_single"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", LENGTH), "<f8", "<i4", "<f4", "?"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048, 5052],
        "itemsize": 5056,
    }
)


class State(NamedTuple):
    """The state of PyTorch's CPU generator: pass it on, never change it.

    Attributes:
        words: the twister's array, uint32, (624,), read-only.
        left: the number of unused words in the array, plus one.
        next: the index of the next word; 0 just after seeding, when no word is left.
        seed: the seed modulo 2⁶⁴; the words depend on its low 32 bits only.
        normal: the unused second normal sample of a pair, or None.
        single: the same in float32, which PyTorch stores but no CPU sampler uses, or None.
    """

    words: np.ndarray
    left: int
    next: int
    seed: int
    normal: float | None = None
    single: float | None = None


def manual_seed(seed: int) -> State:
    """The state of a generator seeded with an integer: `torch.manual_seed`.

        w₀ = seed mod 2³²,   wᵢ = 1812433253 (wᵢ₋₁ ⊕ ⌊wᵢ₋₁ / 2³⁰⌋) + i mod 2³²

    Seeds that agree in their low 32 bits give the same numbers.

    Args:
        seed: a Python integer from -2⁶³ to 2⁶⁴ - 1; a negative one counts modulo 2⁶⁴.

    Returns:
        A state for any function of this room.

    Raises:
        TypeError: the seed is not a concrete integer.
        ValueError: the seed is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html

    Differs from PyTorch: no global state changes; a seed that is a float or a truth value is
    refused (PyTorch truncates it).

    >>> from jaxgrad import replay
    >>> replay.rand(replay.manual_seed(0), 3)[0]  # torch.manual_seed(0); torch.rand(3)
    Array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """
    check = _checks.of("manual_seed")
    seed = check.integer("seed", seed, minimum=-(2**63))
    if seed >= 2**64:
        raise ValueError(check.wrong("seed", "less than 2**64", seed))
    words = [seed % 2**32]
    for i in range(1, LENGTH):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + i) % 2**32)
    return State(_frozen(np.array(words, np.uint32)), left=1, next=0, seed=seed % 2**64)


def get_state(state: State) -> np.ndarray:
    """The state as the bytes of `torch.Generator.get_state`.

    `torch.set_rng_state(torch.from_numpy(get_state(state)))` continues the stream in PyTorch.

    Args:
        state: a state.

    Returns:
        uint8, (5056,), a NumPy array: what PyTorch gives in the same situation, byte by byte.

    Raises:
        TypeError: the argument is not a state.
        ValueError: the numbers of the state do not fit together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Generator.html

    >>> from jaxgrad import replay
    >>> replay.get_state(replay.manual_seed(0)).shape
    (5056,)
    """
    check = _checks.of("get_state")
    state = checked(check, state)
    record = np.zeros((), _BYTES)
    record["seed"], record["left"], record["next"] = state.seed, state.left, state.next
    record["words"], record["seeded"] = state.words, 1
    if state.normal is not None:
        record["normal"], record["has_normal"] = state.normal, 1
    if state.single is not None:
        record["single"], record["has_single"] = state.single, True
    return np.frombuffer(record.tobytes(), np.uint8).copy()


def set_state(new_state: Any) -> State:
    """The state from the bytes of `torch.Generator.get_state`.

    `set_state(torch.get_rng_state())` continues PyTorch's stream here.

    Args:
        new_state: 5056 bytes: bytes, a bytearray, or anything that NumPy reads as a uint8 array,
            such as a tensor.

    Returns:
        The state.

    Raises:
        TypeError: the argument is not bytes.
        ValueError: the length is not 5056, or the bytes are not those of a generator.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Generator.html

    Differs from PyTorch: a state whose `next` and `left` contradict each other, which PyTorch never
    writes, is refused.

    >>> from jaxgrad import replay
    >>> state = replay.manual_seed(0)
    >>> replay.set_state(replay.get_state(state)).seed
    0
    """
    check = _checks.of("set_state")
    record = np.frombuffer(_bytes(check, new_state), _BYTES)[0]
    if record["seeded"] != 1 or record["words"].max() >= 2**32:
        raise ValueError(_malformed(check, "new_state"))
    state = State(
        _frozen(record["words"].astype(np.uint32)),
        *(int(record[name]) for name in ("left", "next", "seed")),
        normal=float(record["normal"]) if record["has_normal"] else None,
        single=float(record["single"]) if record["has_single"] else None,
    )
    return checked(check, state, "new_state")


def _bytes(check: Checks, value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        result = bytes(value)
    else:
        check.concrete("new_state", value)
        try:
            array = np.asarray(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(check.wrong("new_state", "bytes", type(value))) from error
        if array.dtype != np.uint8:
            got = f"{type(value).__name__} of {array.dtype}"
            raise TypeError(check.wrong("new_state", "bytes (uint8)", got))
        result = array.tobytes()
    if len(result) != _BYTES.itemsize:
        expected = f"{_BYTES.itemsize} bytes"
        raise ValueError(check.wrong("new_state", expected, len(result)))
    return result


def checked(check: Checks, state: Any, argument: str = "state") -> State:
    """The argument, which must be a state whose numbers fit together."""
    if not isinstance(state, State):
        remedy = "make one with jaxgrad.replay.manual_seed(seed)"
        got = f"{type(state).__name__} {state!r:.60}"
        raise TypeError(check.wrong(argument, "a State", got, remedy))
    check.concrete(argument, state)
    try:
        words = np.asarray(state.words)
        left, next, seed = map(operator.index, (state.left, state.next, state.seed))
        cached = [None if x is None else float(x) for x in (state.normal, state.single)]
    except (TypeError, ValueError) as error:
        raise TypeError(_malformed(check, argument)) from error
    position = next or LENGTH  # just after seeding PyTorch writes 0, though all words are used
    proper = words.dtype == np.uint32 and words.shape == (LENGTH,) and 0 <= seed < 2**64
    if not (proper and 1 <= position <= LENGTH and left == LENGTH + 1 - position):
        raise ValueError(_malformed(check, argument))
    return State(words, left, next, seed, *cached)


def _malformed(check: Checks, argument: str) -> str:
    return check.wrong(argument, "a generator's state", "numbers that cannot be one")


def _frozen(words: np.ndarray) -> np.ndarray:
    words.flags.writeable = False
    return words


def words32(state: State, count: int) -> tuple[np.ndarray, State]:
    """The next `count` words, uint32."""
    if count == 0:
        return np.empty(0, np.uint32), state
    twister = np.random.MT19937(0)
    twister.state = {
        "bit_generator": "MT19937",
        "state": {"key": state.words, "pos": state.next or LENGTH},
    }
    result = np.empty(count, np.uint32)
    for start in range(0, count, 2**20):  # in parts, as NumPy returns words of 64 bits
        part = result[start : start + 2**20]
        part[:] = twister.random_raw(part.size)
    after: Any = twister.state["state"]
    position = int(after["pos"])
    words = _frozen(np.array(after["key"], np.uint32))
    return result, state._replace(words=words, left=LENGTH + 1 - position, next=position)


def words64(state: State, count: int) -> tuple[np.ndarray, State]:
    """The next `count` pairs of words as uint64, with the first word of a pair in the high bits."""
    words, state = words32(state, 2 * count)
    return words[0::2].astype(np.uint64) << np.uint64(32) | words[1::2], state
