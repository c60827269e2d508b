"""Buffers that `forward` writes: new values that the translation returns."""

import jax
import numpy as np
import pytest
from translated import Whole, assert_agrees, drawn, made

from jaxgrad.port import Untranslatable, translate

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn, TF = torch.nn, torch.nn.functional
spectral_norm = torch.nn.utils.parametrizations.spectral_norm


class Writing(nn.Module):
    """A module with buffers, of these shapes, that a function of it and the input writes."""

    def __init__(self, write, **shapes):
        super().__init__()
        self.write, self.linear = write, nn.Linear(4, 4)
        for name, shape in shapes.items():
            self.register_buffer(name, torch.rand(shape))

    def forward(self, x):
        return self.write(self, x)


class Around(nn.Module):
    """Writes a buffer of its own, and one of a module within, with what others give."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), Writing(counted, calls=()), nn.Tanh())
        self.stored = Writing(lambda self, x: x + self.last, last=(3, 4))
        self.register_buffer("seen", torch.zeros(3, 6))

    def forward(self, x):
        y = self.inner(x)
        self.stored.last.mul_(0.5).add_(y.detach())
        self.seen[:, 1:5] = torch.sigmoid(y)
        return self.stored(x)


class Codebook(nn.Module):
    """Means of the inputs nearest to each of them, as they come."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.ones(5))
        self.register_buffer("means", torch.randn(5, 4))

    def forward(self, x):
        nearest = torch.cdist(x, self.means).argmin(1)
        chosen = self.means[nearest]
        if self.training:
            with torch.no_grad():
                one = TF.one_hot(nearest, 5).to(x)
                self.count.mul_(0.9).add_(one.sum(0), alpha=0.1)
                self.means.mul_(0.9).add_(one.T @ x, alpha=0.1)
        return x + (chosen - x).detach()


class Norm(nn.Module):
    """A norm that does not call PyTorch's, with buffers of the same names."""

    def __init__(self):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(4))
        self.register_buffer("num_batches_tracked", torch.tensor(2))

    def forward(self, x):
        self.num_batches_tracked += 1
        self.running_mean.lerp_(x.detach().mean(0), 1 / self.num_batches_tracked)
        return x - self.running_mean


def added(self, x):
    self.calls += 1
    return x + self.calls


def counted(self, x):
    self.calls += 1
    return x * self.calls


def swapped(self, x):
    old = self.one.clone()
    self.one.copy_(self.other)
    self.other.copy_(old)
    return old, self.one + x


def assigned(self, x):
    self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
    return x - self.mean


def enqueued(self, x):
    keys = TF.normalize(self.linear(x))
    logits = keys @ self.queue.clone()
    self.queue[:, 1:4] = keys.T.detach()
    return logits


class Within(nn.Module):
    """A module, and what its state is before and after a call of it."""

    def __init__(self, inner, use):
        super().__init__()
        self.inner, self.use = inner, use

    def forward(self, x):
        return self.use(self.inner, x)


def observed(self, x):
    self.seen.mul_(0.9).add_(x.detach().mean(0), alpha=0.1)
    return x


def two_old(self, x):
    one, other = self.one.clone(), self.other.clone()
    self.one.add_(1)
    self.other.mul_(x.detach().mean())
    return one, other, x * 2


def called_between(inner, x):
    old = inner.calls.clone()
    y = inner(x)
    return y + old, old, inner.calls + 0


def unused(inner, x):
    inner(x)
    return x * 2


class Several(nn.Module):
    """Its arguments are parts of one, which a result must not replace."""

    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.ones(3, 4))

    def forward(self, *old):
        one = self.one.clone()
        self.one.add_(1)
        added = self.one + 1
        return added, one, old[0].sin()


def both_stored(self, x):
    value = x.detach() * 3
    self.one.copy_(value)
    self.other.copy_(value)
    return x


WRITING = {
    "a counter": lambda: Writing(counted, calls=()),
    "two that change places": lambda: Writing(swapped, one=(3, 4), other=(3, 4)),
    "an assignment": lambda: Writing(assigned, mean=(4,)),
    "a part": lambda: Writing(enqueued, queue=(4, 6)),
    "the input": lambda: Writing(lambda self, x: (self.last.copy_(x), x * 2)[1], last=(3, 4)),
    "modules within": Around,
    "a norm of its own": Norm,
    "an assignment within": lambda: nn.Sequential(nn.Tanh(), Writing(assigned, mean=(4,))),
    "the old one of two": lambda: Writing(two_old, one=(4,), other=(4,)),
    "an old one beside arguments": Several,
    "before and after a call": lambda: Within(Writing(added, calls=()), called_between),
    "a call whose result is unused": lambda: Within(Writing(counted, calls=()), unused),
    "one value twice": lambda: Writing(both_stored, one=(3, 4), other=(3, 4)),
    "observers": lambda: nn.Sequential(*(Writing(observed, seen=(4,)) for _ in range(3))),
    "a row": lambda: nn.Sequential(*(Writing(counted, calls=()) for _ in range(4))),
}


@pytest.mark.parametrize("name", WRITING)
def test_what_forward_writes_is_returned(name):
    module = made(WRITING[name])
    names = {name for name, _ in module.named_buffers()}
    before = dict(module.named_buffers())
    translation = assert_agrees(module, drawn([(3, 4)]))
    assert all(module.get_buffer(name) is before[name] for name in names)
    _, new = jax.jit(translation.function)(translation.params, *drawn([(3, 4)]))
    assert new.keys() == names


def normed_between(inner, x):
    old = inner.running_mean.clone()
    return inner(x) - old


class Uncounted(nn.BatchNorm1d):
    """A norm that counts no batches."""

    def forward(self, x):
        weights = self.weight, self.bias, True
        return TF.batch_norm(x, self.running_mean, self.running_var, *weights)


def after_three_batches():
    norm = nn.BatchNorm1d(4, momentum=None)
    norm.num_batches_tracked.fill_(3)
    return norm


TRAINED = {
    "the old mean": lambda: Within(nn.BatchNorm1d(4), normed_between),
    "no counter": lambda: nn.Sequential(nn.Linear(4, 4), Uncounted(4)),
    "spectral norms beside a batch norm": lambda: nn.Sequential(
        spectral_norm(nn.Linear(4, 4)), nn.BatchNorm1d(4), spectral_norm(nn.Linear(4, 3))
    ),
    "a codebook and a batch norm": lambda: nn.Sequential(nn.BatchNorm1d(4), Codebook()),
    "all batches alike": after_three_batches,
    "a composite operation beside a batch norm": lambda: nn.Sequential(
        nn.BatchNorm1d(4), Whole(lambda x: torch.trapezoid(x))
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_in_training_they_are_returned_beside_running_statistics(name):
    translation = assert_agrees(made(TRAINED[name]).train(), drawn([(6, 4)]), training=True)
    _, new = translation.function(translation.params, *drawn([(6, 4)]), training=True)
    assert new.keys() == {name for name, _ in made(TRAINED[name]).named_buffers()}


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_instance_norms_with_running_statistics(training, affine):
    norm = nn.InstanceNorm2d(3, momentum=0.3, affine=affine, track_running_stats=True)
    module = nn.Sequential(nn.Sequential(norm, nn.ReLU()), nn.Conv2d(3, 2, 1))
    assert_agrees(made(lambda: module).train(training), drawn([(2, 3, 4, 4)]), training=training)


def test_several_calls_write_one_after_another():
    module = made(lambda: nn.Sequential(*[Writing(added, calls=())] * 2))
    translation = assert_agrees(module, drawn([(3, 4)]))
    _, new = translation.function(translation.params, *drawn([(3, 4)]))
    np.testing.assert_allclose(new["0.calls"], translation.params["0.calls"] + 2)


@pytest.mark.parametrize("value", [lambda x: x.detach(), lambda x: x.detach().mean(0).double()])
def test_an_assignment_of_another_shape_or_dtype_is_refused(value):
    def resized(self, x):
        self.mean = value(x)
        return x * 2

    module = Writing(resized, mean=(4,))
    before = module.mean
    with pytest.raises(Untranslatable, match="the buffer mean is assigned another shape or dtype"):
        translate(nn.Sequential(module), drawn([(3, 4)]))
    assert module.mean is before


def weight_clamped(self, x):
    with torch.no_grad():
        self.linear.weight.clamp_(-0.1, 0.1)
    return self.linear(x)


def attribute_counted(self, x):
    self.plain += 1
    return x + self.plain


@pytest.mark.parametrize(
    ("write", "name"), [(weight_clamped, "linear.weight"), (attribute_counted, "plain")]
)
def test_other_arrays_that_are_written_are_refused(write, name):
    module = Writing(write)
    module.plain = torch.zeros(4)
    with pytest.raises(
        Untranslatable, match=f"buffers of its own alone, got one that writes {name}"
    ):
        translate(module, drawn([(3, 4)]))
