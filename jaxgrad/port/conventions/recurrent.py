"""Recurrent layers with their gates in another order, without a bias, or in another direction."""

import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .call import Call, Candidate, computed

GATES = {"lstm": "ifgo", "gru": "rzn", "rnn_tanh": "h", "rnn_relu": "h"}
_LAYERS = tuple(GATES)
CELLS = tuple(f"{name}_cell" for name in _LAYERS)
Weights = list[Any]
"""weight_ih, weight_hh, and bias_ih and bias_hh where there are biases, of one direction."""
_Change = Callable[[Weights], Weights]


class _Recurrent(NamedTuple):
    """A call of a recurrent layer or cell, taken apart.

    Attributes:
        kind: "lstm", "gru", "rnn_tanh" or "rnn_relu".
        groups: the weights of each direction of each layer.
        run: makes the call with other weights.
    """

    kind: str
    groups: list[Weights]
    run: Callable[[Sequence[Weights]], Any]


def _taken_apart(call: Call) -> _Recurrent:
    kind = call.name.removesuffix("_cell")
    if call.name in CELLS:
        given = [weight for weight in call.args[2:] if weight is not None]
        return _Recurrent(kind, [given], lambda groups: call.function(*call.args[:2], *groups[0]))
    place = next(n for n, arg in enumerate(call.args) if isinstance(arg, list))
    flat, biases = call.args[place], call.args[place + 1]
    projected = kind == "lstm" and flat[1].shape[1] != flat[1].shape[0] // 4
    size = 2 + 2 * biases + projected

    def run(groups: Sequence[Weights]) -> Any:
        weights = [weight for group in groups for weight in group]
        return call.function(*call.args[:place], weights, *call.args[place + 1 :])

    return _Recurrent(kind, [flat[n : n + size] for n in range(0, len(flat), size)], run)


def other_recurrences(call: Call, _: Any) -> Iterator[Candidate]:
    """The other ways to compute a recurrent layer or cell."""
    layer = _taken_apart(call)
    for original, port, change in _changes(layer):
        every = [change(group) for group in layer.groups]
        yield computed(original, port, lambda every=every: layer.run(every))
        for n in range(len(layer.groups)) if len(layer.groups) > 1 else ():
            one = [*layer.groups[:n], every[n], *layer.groups[n + 1 :]]
            where = f" in {_place(call, n)}"
            yield computed(original + where, port + where, lambda one=one: layer.run(one))
    yield from _other_states(call)
    yield from _other_cells(call, layer)
    if call.name in _LAYERS:
        yield from _other_directions(call)


def _place(call: Call, group: int) -> str:
    """The layer and the direction of a group of weights."""
    place = next(n for n, arg in enumerate(call.args) if isinstance(arg, list))
    bidirectional = call.args[place + 5]
    layer, direction = divmod(group, 2) if bidirectional else (group, 0)
    return f"layer {layer}" + (", backwards" * direction)


def _changes(layer: _Recurrent) -> Iterator[tuple[str, str, _Change]]:
    """The texts of the original and of the port, and what is changed in the weights."""
    kind, gates = layer.kind, GATES[layer.kind]
    biased = len(layer.groups[0]) >= 4
    if biased:
        yield from _fewer_biases(kind, gates)
    for order in list(itertools.permutations(range(len(gates))))[1:]:
        texts = (", ".join(names) for names in (gates, [gates[n] for n in order]))
        original, port = (f"{kind} with the gates in the order {text}" for text in texts)
        inverse = sorted(range(len(order)), key=order.__getitem__)
        yield original, port, lambda group, inverse=inverse: _reordered(group, inverse)
    if biased and kind == "lstm":
        port = "lstm with 1 added to the bias of the forget gate"
        yield "lstm", port, lambda group: _with_block(group, 2, 1, len(gates), lambda b: b + 1)
    if kind == "gru":
        yield "gru, h' = (1 - z) n + z h", "gru, h' = z n + (1 - z) h", _negated_update
    if biased:
        yield from _orders_with_fewer_biases(kind, gates)
    for place, name in enumerate(("weight_ih", "weight_hh")):
        port = f"{kind} with each gate's {name} transposed"
        change = _transposed(place, len(gates))
        yield f"{kind} with {name}", port, change


def _fewer_biases(kind: str, gates: str) -> Iterator[tuple[str, str, _Change]]:
    original = f"{kind} with the biases bias_ih and bias_hh"
    for places, text in (((3,), "bias_hh"), ((2,), "bias_ih"), ((2, 3), "bias_ih and bias_hh")):
        yield original, f"{kind} without {text}", lambda group, p=places: _zeroed(group, p)
    if len(gates) > 1:
        for place, name in ((3, "bias_hh"), (2, "bias_ih")):
            for n, gate in enumerate(gates):
                part = f"b_{'h' if place == 3 else 'i'}{gate}"
                port = f"{kind} without {part}, the part of {name} for the gate {gate}"
                change = _block_zeroed(place, n, len(gates))
                yield f"{kind} with all of {name}", port, change
    yield original, f"{kind} with bias_ih twice", lambda group: [*group[:3], group[2], *group[4:]]
    yield original, f"{kind} with bias_hh twice", lambda group: [*group[:2], group[3], *group[3:]]


def _orders_with_fewer_biases(kind: str, gates: str) -> Iterator[tuple[str, str, _Change]]:
    """Both mistakes together, as in cells of other libraries."""
    for order in list(itertools.permutations(range(len(gates))))[1:]:
        names = ", ".join(gates[n] for n in order)
        inverse = sorted(range(len(order)), key=order.__getitem__)
        for place, text in ((3, "bias_hh"), (2, "bias_ih")):

            def change(group: Weights, place: int = place, inverse: Any = inverse) -> Weights:
                return _reordered(_zeroed(group, (place,)), inverse)

            port = f"{kind} without {text} and with the gates in the order {names}"
            yield f"{kind} with the gates in the order {', '.join(gates)}", port, change


def _zeroed(group: Weights, places: tuple[int, ...]) -> Weights:
    return [w.new_zeros(w.shape) if n in places else w for n, w in enumerate(group)]


def _block_zeroed(place: int, n: int, count: int) -> _Change:
    return lambda group: _with_block(group, place, n, count, lambda b: b * 0)


def _with_block(
    group: Weights, place: int, n: int, count: int, change: Callable[[Any], Any]
) -> Weights:
    """The weights with the block of one gate changed in one of them."""
    torch = importlib.import_module("torch")
    blocks = list(group[place].chunk(count))
    blocks[n] = change(blocks[n])
    return [*group[:place], torch.cat(blocks), *group[place + 1 :]]


def _reordered(group: Weights, order: Sequence[int]) -> Weights:
    """The blocks of the gates in another order; a projection has no gates."""
    torch = importlib.import_module("torch")
    projection = group[4:] if len(group) == 5 else group[2:] if len(group) == 3 else []
    gated = group[: len(group) - len(projection)]
    chunks = [weight.chunk(len(order)) for weight in gated]
    return [*(torch.cat([blocks[n] for n in order]) for blocks in chunks), *projection]


def _negated_update(group: Weights) -> Weights:
    """The update gate z replaced by 1 - z, which is the sigmoid of the negative."""
    for place in range(len(group)):
        group = _with_block(group, place, 1, 3, lambda block: -block)
    return group


def _transposed(place: int, count: int) -> _Change:
    """The weight of each gate transposed, where it is square."""

    def change(group: Weights) -> Weights:
        torch = importlib.import_module("torch")
        weight = group[place]
        if weight.shape[0] != count * weight.shape[1]:
            return group
        whole = torch.cat([block.T for block in weight.chunk(count)])
        return [*group[:place], whole, *group[place + 1 :]]

    return change


def _other_states(call: Call) -> Iterator[Candidate]:
    """Another initial state: zeros, or the hidden and the cell state swapped."""
    if call.name in _LAYERS and not isinstance(call.args[2], list):
        return  # of packed sequences
    state, rest = call.args[1], call.args[2:]
    if isinstance(state, (tuple, list)):
        zeros: Any = type(state)(s * 0 for s in state)
        swapped = type(state)(state[::-1])
        texts = f"{call.name} of the state (h, c)", f"{call.name} of the state (c, h)"
        yield computed(*texts, lambda: call.function(call.args[0], swapped, *rest))
    else:
        zeros = state * 0
    texts = f"{call.name} of the state it is given", f"{call.name} of the state 0"
    yield computed(*texts, lambda: call.function(call.args[0], zeros, *rest))


def _other_cells(call: Call, layer: _Recurrent) -> Iterator[Candidate]:
    """Another nonlinearity, or the reset gate before the product with the hidden state."""
    torch = importlib.import_module("torch")
    if layer.kind.startswith("rnn"):
        other = "relu" if "tanh" in layer.kind else "tanh"
        name = call.name.replace(layer.kind, f"rnn_{other}")
        function = getattr(torch, name)
        yield computed(call.name, name, lambda: function(*call.args, **call.kwargs))
    if layer.kind == "gru":
        original = "gru, n = tanh(W x + b + r (U h + c))"
        port = "gru, n = tanh(W x + b + U (r h) + c), the reset gate before the product"
        yield computed(original, port, lambda: _reset_first(call, layer.groups))


def _reset_first(call: Call, groups: Sequence[Weights]) -> Any:
    """A GRU whose reset gate multiplies the hidden state itself; of one direction."""
    torch = importlib.import_module("torch")
    if call.name.endswith("_cell"):
        return _reset_first_cell(call.args[0], call.args[1], groups[0])
    x, h0 = call.args[0], call.args[1]
    bidirectional, batch_first = call.args[-2:]
    if bidirectional:
        raise ValueError("two directions are not tried")
    x = x.transpose(0, 1) if batch_first else x
    last = []
    for h, group in zip(h0, groups, strict=True):
        states = []
        for step in x:
            h = _reset_first_cell(step, h, group)
            states.append(h)
        x = torch.stack(states)
        last.append(h)
    return (x.transpose(0, 1) if batch_first else x), torch.stack(last)


def _reset_first_cell(x: Any, h: Any, group: Weights) -> Any:
    w_ih, w_hh, *biases = group
    b_ih, b_hh = biases or (0 * w_ih[:, 0], 0 * w_ih[:, 0])
    gates_x = (x @ w_ih.T + b_ih).chunk(3, -1)
    size = h.shape[-1]
    r, z = (
        (
            gates_x[n] + h @ w_hh[n * size : (n + 1) * size].T + b_hh[n * size : (n + 1) * size]
        ).sigmoid()
        for n in (0, 1)
    )
    n = (gates_x[2] + (r * h) @ w_hh[2 * size :].T + b_hh[2 * size :]).tanh()
    return (1 - z) * n + z * h


def _other_directions(call: Call) -> Iterator[Candidate]:
    """The time axis reversed, taken for the batch, or the backward direction not reversed."""
    place = next(n for n, arg in enumerate(call.args) if isinstance(arg, list))
    if place != 2 or call.args[0].ndim != 3:
        return  # of packed sequences
    *others, bidirectional, batch_first = call.args
    time = 1 if batch_first else 0
    x = call.args[0]

    def reversed_in_time() -> Any:
        output, *state = call.function(x.flip(time), *call.args[1:])
        return output.flip(time), *state

    yield computed(
        f"{call.name} forwards in time", f"{call.name} backwards in time", reversed_in_time
    )
    original = f"{call.name} with the time as axis {time}"
    port = f"{call.name} with the time as axis {1 - time}"
    yield computed(original, port, lambda: _other_time_axis(call))
    if bidirectional and len(call.args[2]) == 2 * _group_size(call):
        yield from _other_backward_passes(call, time)


def _group_size(call: Call) -> int:
    return 4 if call.args[3] else 2


def _other_time_axis(call: Call) -> Any:
    """The layer with the axes of time and batch exchanged; its state must be 0."""
    x, state, *rest = call.args
    batch = x.shape[1 if call.args[-1] else 0]

    def resized(s: Any) -> Any:
        return s.new_zeros((s.shape[0], batch, s.shape[2]))

    state = tuple(map(resized, state)) if isinstance(state, (tuple, list)) else resized(state)
    return call.function(x, state, *rest[:-1], not call.args[-1])


def _other_backward_passes(call: Call, time: int) -> Iterator[Candidate]:
    """The outputs of the backward direction in its own order; or its inputs not reversed."""
    torch = importlib.import_module("torch")

    def run(change: Callable[[Any], Any]) -> Any:
        output, *rest = call.function(*call.args)
        forward, backward = output.chunk(2, -1)
        return torch.cat([forward, change(backward)], -1), *rest

    original = f"{call.name} whose backward outputs are in the order of the input"
    port = f"{call.name} whose backward outputs stay in reversed order"
    yield computed(original, port, lambda: run(lambda backward: backward.flip(time)))
    for port, change in (
        ("the sum of both directions", lambda forward, backward: forward + backward),
        (
            "the backward direction first",
            lambda forward, backward: torch.cat([backward, forward], -1),
        ),
    ):

        def merged(change: Callable[[Any, Any], Any] = change) -> Any:
            output, *rest = call.function(*call.args)
            return change(*output.chunk(2, -1)), *rest

        yield computed(f"{call.name} whose directions are concatenated", port, merged)
    yield computed(
        f"{call.name} whose second direction runs backwards",
        f"{call.name} with both directions forwards",
        lambda: _both_forwards(call),
    )


def _both_forwards(call: Call) -> Any:
    """The second direction run forwards in time."""
    torch = importlib.import_module("torch")
    x, state, weights, *rest = call.args
    size = _group_size(call)
    results = []
    for n in (0, 1):
        given = [*rest[:-2], False, rest[-1]]
        own = weights[n * size : (n + 1) * size]
        results.append(call.function(x, _of_direction(state, n), own, *given))
    output = torch.cat([result[0] for result in results], -1)
    states = [torch.cat(parts) for parts in zip(*(r[1:] for r in results), strict=True)]
    return output, *states


def _of_direction(state: Any, n: int) -> Any:
    if isinstance(state, (tuple, list)):
        return type(state)(s[n : n + 1] for s in state)
    return state[n : n + 1]
