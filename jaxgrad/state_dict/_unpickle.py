"""Pickles, read without Python's unpickler: a machine of our own that can only build data.

`pickletools` splits a pickle into operations; each is a function of this page. An operation that
has none here is refused by its name.
"""

import pickle
import pickletools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jaxgrad.state_dict import _globals
from jaxgrad.state_dict._globals import Name, Unfit, key_of
from jaxgrad.state_dict._mapped import Entry, Part

WHOLE = "it may be truncated: fetch it again"
LARGEST = 2**24
"""So much may be copied beyond four times the file: elements of containers, bytes of arrays."""


class Machine:
    """The stack, the marks on it and the memo of one pickle.

    Attributes:
        part: the pickle, for errors.
        stored: what a persistent id stands for.
        script: whether names of TorchScript's classes are read.
    """

    def __init__(self, part: Part, stored: Callable[[Any, Entry], Any], script: bool):
        self.part, self.stored, self.script = part, stored, script
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.objects: dict[int, Any] = {}
        self.left = LARGEST + 4 * len(part.buffer)

    def entry(self) -> str:
        """Where in the pickle we are: the keys of the dicts that are being filled, with dots."""
        found = []
        for before, level in zip([[None], *self.below], [*self.below, self.stack], strict=True):
            if before and isinstance(before[-1], dict):
                keys = level[::2]
            else:
                pairs = zip(level[:-1], level[1:], strict=True)
                keys = [key for one, key in pairs if isinstance(one, dict)]
            found += [key for key in keys if isinstance(key, (str, int))][-1:]
        return ".".join(map(str, found))

    def spend(self, count: int) -> None:
        """Refuses a pickle that copies the same things again and again."""
        self.left -= count
        if self.left < 0:
            raise Unfit("a pickle that takes a few times its file's memory at most")

    def popped(self) -> list[Any]:
        """What lies above the last mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def of_type(self, *kinds: type) -> Any:
        """The top of the stack, which must be of one of the types."""
        if type(self.stack[-1]) not in kinds:
            raise Unfit(f"a pickle with a {kinds[0].__name__} here")
        return self.stack[-1]


def read(part: Part, stream: Any, stored: Callable[[Any, Entry], Any], script: bool = False) -> Any:
    """The object of one pickle from a stream, which then stands behind it.

    Args:
        part: the file or the entry, for errors.
        stream: bytes, or an object with `read`, `readline` and `tell`.
        stored: (persistent id, entry) -> what it stands for.
        script: whether it is TorchScript's: objects become dicts.

    Returns:
        the object: dicts, lists, tuples, sets, text, numbers, None and arrays.

    Raises:
        ValueError: the pickle is no such data, or broken; the error names the entry.
    """
    machine = Machine(part, stored, script)
    for operation, argument in _operations(machine, stream):
        perform = OPERATIONS.get(operation)
        if perform is None:
            raise part.wrong("a pickle of data", f"its operation {operation}", entry=machine.entry)
        try:
            perform(machine, argument)
        except Unfit as error:
            raise part.wrong(str(error), "something else", entry=machine.entry) from None
        except (IndexError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            got = f"an operation {operation} that does not fit"
            raise part.wrong("a whole pickle", got, WHOLE, machine.entry) from error
    if len(machine.stack) != 1 or machine.below:
        raise part.wrong("a whole pickle", f"{len(machine.stack)} objects", WHOLE)
    return machine.stack[0]


def _operations(machine: Machine, stream: Any) -> Iterator[tuple[str, Any]]:
    """The operations up to STOP, which is left out, with their arguments."""
    try:
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name != "STOP":
                yield operation.name, argument
    except (ValueError, OverflowError, MemoryError, Warning) as error:  # where those are errors
        got = f"{error}"[:200]
        raise machine.part.wrong("a whole pickle", got, WHOLE, machine.entry) from error


def _skip(machine: Machine, argument: Any) -> None:
    """Nothing: frames matter to a faster reader alone."""


def _protocol(machine: Machine, argument: int) -> None:
    if argument > pickle.HIGHEST_PROTOCOL:
        raise Unfit(f"a pickle of a protocol up to {pickle.HIGHEST_PROTOCOL}")


def _push(machine: Machine, argument: Any) -> None:
    machine.stack.append(argument)


def _integer(machine: Machine, argument: int) -> None:
    """An integer of up to 255 bytes, as in PyTorch; INT may also be a truth value."""
    if argument.bit_length() > 8 * 255:
        raise Unfit("a pickle with integers of up to 255 bytes")
    machine.stack.append(argument)


def _constant(value: Any) -> Callable[[Machine, Any], None]:
    return lambda machine, argument: machine.stack.append(value)


def _new(kind: type) -> Callable[[Machine, Any], None]:
    return lambda machine, argument: machine.stack.append(kind())


def _text(machine: Machine, argument: str) -> None:
    """Text as Python 2 wrote it: its bytes, which PyTorch takes for UTF-8."""
    try:
        machine.stack.append(argument.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        raise Unfit("text in UTF-8") from None


def _mark(machine: Machine, argument: Any) -> None:
    machine.below.append(machine.stack)
    machine.stack = []


def _tuple(count: int) -> Callable[[Machine, Any], None]:
    def perform(machine: Machine, argument: Any) -> None:
        if len(machine.stack) < count:
            raise IndexError("too few")
        machine.stack[-count:] = [tuple(machine.stack[-count:])]

    return perform


def _marked(kind: Callable[[list[Any]], Any]) -> Callable[[Machine, Any], None]:
    """The container of what lies above the mark."""

    def perform(machine: Machine, argument: Any) -> None:
        items = machine.popped()
        machine.stack.append(kind(items))

    return perform


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise Unfit("a pickle with a value for each key")
    return {key_of(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _members(items: list[Any]) -> set[Any]:
    return {key_of(item) for item in items}


def _append(machine: Machine, argument: Any) -> None:
    item = machine.stack.pop()
    machine.of_type(list).append(item)


def _extend(machine: Machine, argument: Any) -> None:
    items = machine.popped()
    machine.of_type(list).extend(items)


def _set_item(machine: Machine, argument: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.of_type(dict)[key_of(key)] = value


def _set_items(machine: Machine, argument: Any) -> None:
    items = machine.popped()
    machine.of_type(dict).update(_pairs(items))


def _add_items(machine: Machine, argument: Any) -> None:
    items = machine.popped()
    machine.of_type(set).update(_members(items))


def _pop(machine: Machine, argument: Any) -> None:
    machine.stack.pop()


def _pop_mark(machine: Machine, argument: Any) -> None:
    machine.popped()


def _again(machine: Machine, argument: Any) -> None:
    machine.stack.append(machine.stack[-1])


def _keep(machine: Machine, argument: int) -> None:
    machine.memo[argument] = machine.stack[-1]


def _keep_next(machine: Machine, argument: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _kept(machine: Machine, argument: int) -> None:
    machine.stack.append(machine.memo[argument])


_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_MOVED = {"torch.tensor": "torch._tensor", "torch._C._nn.Parameter": "torch.nn.parameter.Parameter"}


def _global(machine: Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    module = _PYTHON_2.get(module, module)
    whole = f"{_MOVED.get(module, module)}.{name}"
    found = _globals.find(machine.part, whole, machine.script, machine.entry)
    machine.stack.append(found)


def _stack_global(machine: Machine, argument: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Unfit("a pickle with names of text")
    _global(machine, f"{module} {name}")


def _call(machine: Machine, argument: Any) -> None:
    """REDUCE: a call of a function in `_globals`, none other."""
    args, function = machine.stack.pop(), machine.stack.pop()
    if not isinstance(function, Name) or not isinstance(args, tuple):
        raise Unfit("a pickle that calls what rebuilds tensors and containers")
    machine.stack.append(_called(machine, function.text, args))


def _called(machine: Machine, name: str, args: tuple[Any, ...]) -> Any:
    copied = (arg for arg in args if isinstance(arg, (str, bytes, list, tuple, dict)))
    machine.spend(sum(map(len, copied)))
    call = _globals.CALLS.get(name) or (machine.script and _globals.SCRIPT_CALLS.get(name))
    if call:
        return call(machine, *args)
    if machine.script and name.startswith("__torch__.") and len(args) == 1:
        return args[0]  # a member of an enumeration
    raise Unfit(f"a pickle that does not call {name:.200}")


def _new_object(machine: Machine, argument: Any) -> None:
    """NEWOBJ: TorchScript's objects are dicts; the containers and parameters are as when called."""
    args, kind = machine.stack.pop(), machine.stack.pop()
    if not isinstance(kind, Name) or not isinstance(args, tuple):
        raise Unfit("a pickle with objects of tensors and containers")
    if machine.script and kind.text.startswith("__torch__."):
        made: dict[Any, Any] = {}
        machine.objects[id(made)] = made
        machine.stack.append(made)
    else:
        machine.stack.append(_called(machine, kind.text, args))


def _build(machine: Machine, argument: Any) -> None:
    """BUILD: the attributes of an object of TorchScript; those of an OrderedDict are left out."""
    state, built = machine.stack.pop(), machine.stack[-1]
    if id(built) in machine.objects:
        machine.spend(len(state) if isinstance(state, dict) else 1)
        built.update(_pairs_of(state) if isinstance(state, dict) else {"__getstate__": state})
    elif not isinstance(built, (dict, np.ndarray)):
        raise Unfit("a pickle that sets attributes of dicts alone")


def _pairs_of(state: dict[Any, Any]) -> dict[Any, Any]:
    return {key_of(key): value for key, value in state.items()}


def _persistent(machine: Machine, argument: Any) -> None:
    name = machine.stack.pop()
    machine.stack.append(machine.stored(name, machine.entry))


OPERATIONS: dict[str, Callable[[Machine, Any], None]] = {
    **{"PROTO": _protocol, "FRAME": _skip},
    **{"NONE": _constant(None), "NEWTRUE": _constant(True), "NEWFALSE": _constant(False)},
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _integer),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), _push),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _text),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"), _push),
    **{"EMPTY_LIST": _new(list), "EMPTY_DICT": _new(dict), "EMPTY_SET": _new(set)},
    **{"EMPTY_TUPLE": _constant(()), "TUPLE1": _tuple(1), "TUPLE2": _tuple(2), "TUPLE3": _tuple(3)},
    **{"MARK": _mark, "TUPLE": _marked(tuple), "LIST": _marked(list), "DICT": _marked(_pairs)},
    **{"APPEND": _append, "APPENDS": _extend, "SETITEM": _set_item, "SETITEMS": _set_items},
    **{"ADDITEMS": _add_items, "FROZENSET": _marked(lambda items: frozenset(_members(items)))},
    **{"POP": _pop, "POP_MARK": _pop_mark, "DUP": _again, "MEMOIZE": _keep_next},
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _keep),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _kept),
    **{"GLOBAL": _global, "STACK_GLOBAL": _stack_global, "REDUCE": _call, "NEWOBJ": _new_object},
    **{"BUILD": _build, "BINPERSID": _persistent},
}
"""What each operation does; INST, OBJ, EXT1 and others are not among them."""
