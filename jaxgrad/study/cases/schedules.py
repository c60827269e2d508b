"""Learning rates of sixty steps: PyTorch's loop, what a porter would take of optax, jaxgrad."""

from ..case import Case, Verdict

_TORCH = """\
p = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([p], lr=0.1)
L = torch.optim.lr_scheduler
scheduler = {scheduler}
rates = []
for _ in range(60):
    rates.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    scheduler.step()
np.array(rates)"""
_JAX = "schedule = {schedule}\njnp.stack([jnp.asarray(schedule(t), float) for t in range(60)])"
_JAXGRAD = "S = jaxgrad.schedules\n" + _JAX
_PAGE = "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.{}.html"


def _case(
    name: str,
    torch: str,
    jax: str,
    jaxgrad: str,
    verdict: Verdict = "same",
    why: str = "The same values.",
    link: str = "",
) -> Case:
    scheduler = torch.split("(")[0].removeprefix("L.")
    return Case(
        family="schedules",
        name=name,
        torch=_TORCH.format(scheduler=torch),
        jax=_JAX.format(schedule=jax),
        jaxgrad=_JAXGRAD.format(schedule=jaxgrad),
        verdict_jax=verdict,
        x64=True,
        picture="curve",
        why=why,
        link=link or _PAGE.format(scheduler),
    )


_SGDR = """\
optax.sgdr_schedule(6 * [
    dict(init_value=0.1, peak_value=0.1, decay_steps=10, warmup_steps=0, end_value=0.0)])"""
_WARM = "S.linear_lr(0.1, 0.1, 1.0, 10)"
_WARMING = "L.LinearLR(optimizer, 0.1, 1.0, 10)"
CASES = (
    _case(
        "LambdaLR",
        "L.LambdaLR(optimizer, lambda t: 0.95**t)",
        "lambda t: 0.1 * 0.95**t",
        "S.lambda_lr(0.1, lambda t: 0.95**t)",
    ),
    _case(
        "MultiplicativeLR",
        "L.MultiplicativeLR(optimizer, lambda t: 1 - 1 / (t + 10))",
        "lambda t: 0.1 * np.prod([1 - 1 / (i + 10) for i in range(t)])",
        "S.multiplicative_lr(0.1, lambda t: 1 - 1 / (t + 10))",
        "value",
        "the product begins at 1, not at 0: written by hand it is off by one.",
    ),
    _case(
        "StepLR",
        "L.StepLR(optimizer, 15)",
        "optax.exponential_decay(0.1, 15, 0.1, staircase=True)",
        "S.step_lr(0.1, 15)",
    ),
    _case(
        "MultiStepLR",
        "L.MultiStepLR(optimizer, [10, 30, 30])",
        "optax.piecewise_constant_schedule(0.1, {10: 0.1, 30: 0.1})",
        "S.multi_step_lr(0.1, [10, 30, 30])",
        "value",
        "a milestone that comes twice counts twice; a dict has it once.",
    ),
    _case(
        "MultiStepLR, at the milestone",
        "L.MultiStepLR(optimizer, [10, 30])",
        "optax.piecewise_constant_schedule(0.1, {10: 0.1, 30: 0.1})",
        "S.multi_step_lr(0.1, [10, 30])",
    ),
    _case(
        "ConstantLR",
        "L.ConstantLR(optimizer, 0.5, 20)",
        "optax.join_schedules([lambda t: 0.05, lambda t: 0.1], [20])",
        "S.constant_lr(0.1, 0.5, 20)",
    ),
    _case(
        "ConstantLR of no steps",
        "L.ConstantLR(optimizer, 0.5, 0)",
        "optax.join_schedules([lambda t: 0.05, lambda t: 0.1], [0])",
        "S.constant_lr(0.1, 0.5, 0)",
        "value",
        "in PyTorch's loop it is never undone: step 0 scales, and no later one is step 0.",
    ),
    _case(
        "LinearLR",
        "L.LinearLR(optimizer, 0.1, 1.0, 40)",
        "optax.linear_schedule(0.01, 0.1, 40)",
        "S.linear_lr(0.1, 0.1, 1.0, 40)",
    ),
    _case(
        "ExponentialLR",
        "L.ExponentialLR(optimizer, 0.9)",
        "optax.exponential_decay(0.1, 1, 0.9)",
        "S.exponential_lr(0.1, 0.9)",
    ),
    _case(
        "PolynomialLR",
        "L.PolynomialLR(optimizer, 40, 2.0)",
        "optax.polynomial_schedule(0.1, 0.0, 2, 40)",
        "S.polynomial_lr(0.1, 40, 2.0)",
    ),
    _case(
        "CosineAnnealingLR",
        "L.CosineAnnealingLR(optimizer, 60)",
        "optax.cosine_decay_schedule(0.1, 60)",
        "S.cosine_annealing_lr(0.1, 60)",
    ),
    _case(
        "CosineAnnealingLR by hand",
        "L.CosineAnnealingLR(optimizer, 60)",
        "lambda t: 0.05 * (1 + np.cos(np.pi * (t + 1) / 60))",
        "S.cosine_annealing_lr(0.1, 60)",
        "value",
        "the first step uses the rate of count 0; counted from 1 every rate is one too far.",
    ),
    _case(
        "CosineAnnealingLR past T_max",
        "L.CosineAnnealingLR(optimizer, 25)",
        "optax.cosine_decay_schedule(0.1, 25)",
        "S.cosine_annealing_lr(0.1, 25)",
        "value",
        "past T_max PyTorch's rate rises again, optax's stays at its least.",
    ),
    _case(
        "CosineAnnealingLR to eta_min",
        "L.CosineAnnealingLR(optimizer, 60, eta_min=0.01)",
        "optax.cosine_decay_schedule(0.1, 60, alpha=0.01)",
        "S.cosine_annealing_lr(0.1, 60, eta_min=0.01)",
        "value",
        "eta_min is a rate, optax's alpha a share of the first one.",
    ),
    _case(
        "CosineAnnealingWarmRestarts",
        "L.CosineAnnealingWarmRestarts(optimizer, 10)",
        _SGDR,
        "S.cosine_annealing_warm_restarts(0.1, 10)",
        link="https://docs.pytorch.org/docs/stable/optim.html",
    ),
    _case(
        "OneCycleLR",
        "L.OneCycleLR(optimizer, 0.1, total_steps=60, cycle_momentum=False)",
        "optax.cosine_onecycle_schedule(60, 0.1)",
        "S.one_cycle_lr(0.1, total_steps=60)",
        "value",
        "PyTorch's peak is at count 0.3 · 60 - 1, its last rate at count 59; optax's are one"
        " later, and its last rate is the first over 1e4 times 25.",
    ),
    _case(
        "CyclicLR",
        "L.CyclicLR(optimizer, 0.01, 0.1, 10, mode='triangular2', cycle_momentum=False)",
        "lambda t: 0.01 + 0.09 * (1 - abs(t / 10 - 2 * (t // 20) - 1)) / 2 ** (t // 20)",
        "S.cyclic_lr(0.01, 0.1, 10, mode='triangular2')",
    ),
    _case(
        "ChainedScheduler",
        f"L.ChainedScheduler([\n    {_WARMING}, L.ExponentialLR(optimizer, 0.95)])",
        "lambda t: optax.linear_schedule(0.01, 0.1, 10)(t) * 0.95**t",
        f"S.chained_scheduler([{_WARM}, S.exponential_lr(0.1, 0.95)])",
    ),
    _case(
        "ChainedScheduler with a cosine",
        f"L.ChainedScheduler([\n    {_WARMING}, L.CosineAnnealingLR(optimizer, 60, 0.001)])",
        "lambda t: optax.linear_schedule(0.01, 0.1, 10)(t) * (\n"
        "    optax.cosine_decay_schedule(1.0, 60, alpha=0.01)(t))",
        f"S.chained_scheduler([\n    {_WARM}, S.cosine_annealing_lr(0.1, 60, 0.001)])",
        "value",
        "a cosine above 0 does not scale the rate it finds: it scales its distance to eta_min.",
    ),
    _case(
        "SequentialLR",
        f"L.SequentialLR(optimizer, [\n    {_WARMING}, L.CosineAnnealingLR(optimizer, 50)], [10])",
        "optax.join_schedules([\n"
        "    optax.linear_schedule(0.01, 0.1, 10), optax.cosine_decay_schedule(0.1, 50)], [10])",
        f"S.sequential_lr([{_WARM}, S.cosine_annealing_lr(0.1, 50)], [10])",
    ),
    _case(
        "SequentialLR of a chain",
        f"L.SequentialLR(optimizer, [L.ChainedScheduler([\n    {_WARMING}, "
        "L.ExponentialLR(optimizer, 0.95)]),\n    L.StepLR(optimizer, 10)], [30])",
        "optax.join_schedules([\n"
        "    lambda t: optax.linear_schedule(0.01, 0.1, 10)(t) * 0.95**t,\n"
        "    optax.exponential_decay(0.1, 10, 0.1, staircase=True)], [30])",
        f"S.sequential_lr([\n    S.chained_scheduler([{_WARM}, S.exponential_lr(0.1, 0.95)]),\n"
        "    S.step_lr(0.1, 10)], [30])",
        "value",
        "a sequence begins a chain with a step, so that its first rate is one step further.",
    ),
    Case(
        family="schedules",
        name="ReduceLROnPlateau",
        torch="""\
p = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([p], lr=0.1)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=3)
rates = []
for t in range(60):
    rates.append(optimizer.param_groups[0]["lr"])
    scheduler.step(1 / (1 + min(t, 20)))
np.array(rates)""",
        jax="""\
plateau = optax.contrib.reduce_on_plateau(factor=0.5, patience=3)
state, rates = plateau.init(jnp.zeros(())), []
for t in range(60):
    update, state = plateau.update(jnp.ones((), float), state, value=1 / (1 + min(t, 20)))
    rates.append(0.1 * update)
jnp.stack(rates)""",
        jaxgrad="""\
plateau = jaxgrad.schedules.reduce_lr_on_plateau(0.1, factor=0.5, patience=3)
state, rates = plateau.init(jnp.zeros(())), []
for t in range(60):
    update, state = plateau.update(jnp.ones((), float), state, value=1 / (1 + min(t, 20)))
    rates.append(0.1 * update)
jnp.stack(rates)""",
        verdict_jax="value",
        x64=True,
        picture="curve",
        why="PyTorch waits for one more bad metric than patience, and a new rate is for the next"
        " step; optax's is for the same one.",
        link=_PAGE.format("ReduceLROnPlateau"),
    ),
)
