"""The table of operations, and how expressions are written; without PyTorch."""

import ast
import importlib
import inspect
import types

import pytest

from jaxgrad.port.translation import expressions as write
from jaxgrad.port.translation import naming, steps
from jaxgrad.port.translation.bound import Bound, same
from jaxgrad.port.translation.promotion import cast
from jaxgrad.port.translation.steps import OPERATIONS

ROOMS = {
    "F": "jaxgrad.functional",
    "R": "jaxgrad.random",
    "T": "jaxgrad.tensor",
    "jnp": "jax.numpy",
    "jax": "jax",
}
TABLES = (
    *(steps.ELEMENTWISE, steps.SPECIAL, steps.STATISTICS, steps.SHAPES, steps.ARRANGEMENT),
    *(steps.INDEXING, steps.LINEAR_ALGEBRA, steps.FOURIER, steps.LAYERS, steps.LOSSES),
    steps.DRAWS,
)
TEMPLATES = {name: rule for name, rule in OPERATIONS.items() if isinstance(rule, str)}


def test_each_operation_is_in_one_table():
    assert len(OPERATIONS) == sum(map(len, TABLES)) + len(steps._ALIASES)


def calls(text):
    """The calls of public functions in a template."""
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.partition(".")[0] in ROOMS:
                yield name, node


def found(name):
    """The function of a name such as "jnp.sqrt"."""
    room, *parts = name.split(".")
    value = importlib.import_module(ROOMS[room])
    for part in parts:
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_calls_what_there_is(name):
    for function, node in calls(TEMPLATES[name]):
        starred = any(isinstance(arg, ast.Starred) for arg in node.args)
        words = {word.arg: None for word in node.keywords}
        if not starred and isinstance(found(function), types.FunctionType):
            inspect.signature(found(function)).bind(*node.args, **words)


def test_brackets_are_set_where_they_are_needed():
    total = write.parsed("a + b")
    assert write.text(write.filled(write.parsed("self * 2"), {"self": total})) == "(a + b) * 2"
    assert write.text(write.filled(write.parsed("self.T"), {"self": total})) == "(a + b).T"


def test_a_template_is_filled_anew_each_time():
    for name in ("x", "y"):
        tree = write.filled(write.parsed("jnp.sin(self)"), {"self": write.name(name)})
        assert write.text(tree) == f"jnp.sin({name})"


def test_a_written_shape_takes_the_place_of_a_star():
    tree = write.filled(write.parsed("self.reshape(*size)"), {"size": write.constant((2, -1))})
    assert write.text(tree) == "self.reshape(2, -1)"


def test_arguments_are_cast_wherever_they_are_named():
    text = cast("self + jnp.sum(self, dim=dim) * x.self", ["self", "dim"], "float32")
    one = "self.astype(jnp.float32)"
    assert text == f"{one} + jnp.sum({one}, dim=dim.astype(jnp.float32)) * x.self"
    assert cast("self", ["self"], "int64") == "self.astype(int)"


def test_numbers_that_are_not_finite():
    assert write.text(write.constant((float("inf"), -float("inf")))) == "(jnp.inf, -jnp.inf)"
    assert write.text(write.constant(float("nan"))) == "jnp.nan"


def test_long_statements_are_broken():
    call = write.parsed(f"f({', '.join('argument' + str(i) for i in range(12))})")
    lines = write.statement("x", call)
    assert len(lines) > 2 and max(map(len, lines)) <= write.WIDTH
    assert ast.dump(ast.parse("\n".join(["if 1:", *lines]))).count("argument") == 12


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("BasicBlock", "basic_block"),
        ("ResNet", "resnet"),
        ("GPT", "gpt"),
        ("F", "f"),
        ("1x", "_1x"),
    ],
)
def test_names_of_functions(kind, expected):
    assert naming.snake(kind) == expected


def test_names_that_are_taken():
    assert naming.valid("lambda") == "lambda_"
    assert naming.valid("p") == "p_"
    assert naming.fresh("x", {"x", "x_2"}) == "x_3"


def test_equal_numbers_are_one():
    assert same([1, 1], 1) and same((0,), 0) and same([2, 2], [2, 2])
    assert not same([1, 2], 1) and not same(True, 1) and not same([], 0)


def test_a_default_is_known():
    step = Bound("f", None, {"dim": -1, "keepdim": True}, {"dim": -1, "keepdim": False})
    assert step.is_default("dim") and not step.is_default("keepdim")


def test_a_long_dict_has_a_line_for_each_item():
    tree = write.parsed("{'a': " + "x + " * 15 + "x, 'b': " + "y + " * 15 + "y}")
    lines = write.lines("return ", tree, "", 4)
    assert [line.strip()[:4] for line in lines] == ["retu", '"a":', '"b":', "}"]
    assert max(map(len, lines)) <= write.WIDTH
