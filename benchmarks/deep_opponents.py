"""CVAE, CEVAE, mCEVAE and DCEVAE written by hand, in Pyro and in torch alone.

The principled variants on binarised Adult, with the widths of the released code: only descendants
of sex read it, the prior is N(0, I), the KL is in closed form, guides read observed values, MMD
compares with N(0, I). What is minimised is the mean over the rows of a batch.

A step in Pyro and one in torch do the same: loss, gradients, torch's Adam. Where a discriminator
plays against the model, both gradients are taken first and both steps after them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, TraceMeanField_ELBO
from torch import Tensor, nn
from torch.nn import functional

DTYPE = torch.float64
BATCH = 256
RATE = 1e-4
#: Of mCEVAE's kernel, as in the shipped file.
KERNEL_WIDTH = 3.7

#: Columns of the table by block: sex, non-descendants of sex, descendants, income.
BLOCKS = {
    "a": ("Sex",),
    "r": ("Age", "Race", "Native_Country"),
    "d": (
        "Workclass",
        "Education",
        "Marital_Status",
        "Occupation",
        "Relationship",
        "Hours_Per_Week",
    ),
    "y": ("Income",),
}
WIDTH = {block: len(columns) for block, columns in BLOCKS.items()}

#: The same of ``confounded_simulated.scm``, whose blocks are as wide.
SIMULATED = {
    "a": ("a",),
    "r": ("r1", "r2", "r3"),
    "d": ("d1", "d2", "d3", "d4", "d5", "d6"),
    "y": ("y",),
}

#: A block of rows: ``r (N, 3)``, ``d (N, 6)``, ``a (N, 1)``, ``y (N, 1)``, all 0 or 1.
Batch = dict[str, Tensor]
#: Mean and log variance of each latent, ``(N, k)`` each.
Posterior = dict[str, tuple[Tensor, Tensor]]
Draws = dict[str, Tensor]
Step = Callable[[], float]


# --- rows -----------------------------------------------------------------------------------


def blocks_of(
    columns: Mapping[str, object], blocks: Mapping[str, tuple[str, ...]] = BLOCKS
) -> Batch:
    """Return the blocks of a table of 0 and 1; `columns` is a frame or a mapping of arrays."""
    return {
        block: torch.stack(
            [torch.as_tensor(list(columns[name]), dtype=DTYPE) for name in names], -1
        )
        for block, names in blocks.items()
    }


def rows_of(table: Batch, rows: Tensor) -> Batch:
    """Return these rows of every block."""
    return {name: block[rows] for name, block in table.items()}


def distinct(table: Batch) -> tuple[Batch, Tensor]:
    """Return the distinct rows, and the share of each in the table ``(K,)``."""
    whole = torch.cat([table[name] for name in WIDTH], -1)
    found, counts = torch.unique(whole, dim=0, return_counts=True)
    parts = found.split(list(WIDTH.values()), -1)
    return dict(zip(WIDTH, parts, strict=True)), counts.to(DTYPE) / counts.sum()


# --- networks -------------------------------------------------------------------------------


def mlp(
    inputs: int,
    hidden: tuple[int, ...],
    outputs: int,
    activation: Callable[[], nn.Module],
    *,
    norm: int = 0,
) -> nn.Sequential:
    """Return a network, the first `norm` of its hidden layers with batch normalisation."""
    layers: list[nn.Module] = []
    for i, (fan_in, fan_out) in enumerate(zip((inputs, *hidden), hidden, strict=False)):
        layers.append(nn.Linear(fan_in, fan_out))
        if i < norm:
            layers.append(nn.BatchNorm1d(fan_out))
        layers.append(activation())
    layers.append(nn.Linear((inputs, *hidden)[-1], outputs))
    return nn.Sequential(*layers)


def leaky() -> nn.Module:
    """Return what the released code calls ReLU."""
    return nn.LeakyReLU(0.01)


def heads(network: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two halves of a network's output: mean and log variance."""
    return network(inputs).chunk(2, -1)


def by_value(networks: nn.ModuleList, a: Tensor, inputs: Tensor) -> Tensor:
    """Return each row's output from the network of its a: both run, one is taken."""
    return torch.where(a > 0.5, networks[1](inputs), networks[0](inputs))


def by_rows(networks: nn.ModuleList, a: Tensor, inputs: Tensor) -> Tensor:
    """Return the same with each network run on its own rows: batch statistics are per group."""
    groups = [torch.nonzero(a[:, 0] == value)[:, 0] for value in (0, 1)]
    parts = [net(inputs[rows]) for net, rows in zip(networks, groups, strict=True)]
    back = torch.argsort(torch.cat(groups))
    return torch.cat(parts)[back]


# --- terms ----------------------------------------------------------------------------------


def bce(logits: Tensor, seen: Tensor) -> Tensor:
    """Return the negative Bernoulli log likelihood: summed over columns, mean over rows."""
    total = functional.binary_cross_entropy_with_logits(logits, seen, reduction="sum")
    return total / len(seen)


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Return KL(N(mean, exp(log variance)) || N(0, I)), mean over rows.

    :math:`\frac12 \sum_k (e^{l_k} + m_k^2 - 1 - l_k)`.
    """
    per_cell = log_variance.exp() + mean.square() - 1 - log_variance
    return 0.5 * per_cell.sum() / len(mean)


def kernel_mean(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean over all pairs of exp(-|x - y|^2 / 2 w^2), w the shipped file's width."""
    squares = x.square().sum(-1)[:, None] + y.square().sum(-1) - 2 * x @ y.T
    return torch.exp(-squares.clamp_min(0.0) / (2 * KERNEL_WIDTH**2)).mean()


def mmd(x: Tensor, reference: Tensor) -> Tensor:
    """Return the squared MMD of two samples, pairs of a point with itself included (V form)."""
    return kernel_mean(x, x) + kernel_mean(reference, reference) - 2 * kernel_mean(x, reference)


# --- models ---------------------------------------------------------------------------------


class DeepModel(nn.Module):
    """What the four share: the draw, the ELBO's terms, the Pyro model and guide.

    A model says how it encodes, how it decodes, and what else it minimises.
    """

    name = ""
    sizes: ClassVar[Mapping[str, int]] = {}
    #: Weights of the terms that are not 1; `fair` is set when a model is made.
    weights: ClassVar[Mapping[str, float]] = {}

    def __init__(self, fair: float = 0.0) -> None:
        super().__init__()
        self.fair = fair
        self.draws: Draws = {}

    def settle(self) -> None:
        """Make the weights Xavier normal, and every number float64."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight)
        self.to(DTYPE)

    def encode(self, batch: Batch) -> Posterior:
        """Return the guide's mean and log variance of every latent."""
        raise NotImplementedError

    def decode(self, draws: Draws, a: Tensor) -> dict[str, Tensor]:
        """Return logits of every modelled block."""
        raise NotImplementedError

    def income(self, draws: Draws, a: Tensor) -> Tensor:
        """Return the logits of y alone."""
        return self.decode(draws, a)["y"]

    def read(self, batch: Batch) -> dict[str, Tensor]:
        """Return logits of the guide's own predictors of observed blocks."""
        del batch
        return {}

    def extras(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """Return terms over the draws of a batch."""
        del batch, draws
        return {}

    def unfairness(self, batch: Batch, draws: Draws) -> Tensor:
        """Return the mean of |p(y | u, 1 - a) - p(y | u, a)|."""
        worlds = [torch.sigmoid(self.income(draws, a)) for a in (batch["a"], 1 - batch["a"])]
        return (worlds[1] - worlds[0]).abs().mean()

    def more(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """Return `extras`, and the fairness term where it has a weight."""
        found = self.extras(batch, draws)
        return {**found, "fair": self.unfairness(batch, draws)} if self.fair else found

    def weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of terms by their weights."""
        weights = {"fair": self.fair, **self.weights}
        return sum((weights.get(n, 1.0) * term for n, term in terms.items()), torch.zeros(()))

    # --- torch alone

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Return every term of a batch, one draw for all."""
        posterior = self.encode(batch)
        draws = {
            n: mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            for n, (mean, log_variance) in posterior.items()
        }
        found = {n: bce(logits, batch[n]) for n, logits in self.decode(draws, batch["a"]).items()}
        found |= {f"q_{n}": bce(logits, batch[n]) for n, logits in self.read(batch).items()}
        found |= {f"kl_{n}": kl_to_standard(*heads) for n, heads in posterior.items()}
        self.draws = draws
        return found | self.more(batch, draws)

    # --- Pyro

    def model(self, batch: Batch) -> None:
        """Draw the latents from N(0, I), and what is observed."""
        rows = len(batch["a"])
        with pyro.plate("rows", rows), poutine.scale(scale=1 / rows):
            draws = {}
            for n, k in self.sizes.items():
                prior = dist.Normal(torch.zeros(k, dtype=DTYPE), torch.ones(k, dtype=DTYPE))
                draws[n] = pyro.sample(n, prior.to_event(1))
            for n, logits in self.decode(draws, batch["a"]).items():
                pyro.sample(n, dist.Bernoulli(logits=logits).to_event(1), obs=batch[n])
            for n, logits in self.read(batch).items():
                pyro.sample(f"q_{n}", dist.Bernoulli(logits=logits).to_event(1), obs=batch[n])

    def guide(self, batch: Batch) -> None:
        """Draw the latents given the row."""
        rows = len(batch["a"])
        with pyro.plate("rows", rows), poutine.scale(scale=1 / rows):
            for n, (mean, log_variance) in self.encode(batch).items():
                law = dist.Normal(mean, torch.exp(0.5 * log_variance)).to_event(1)
                self.draws[n] = pyro.sample(n, law)


class Cvae(DeepModel):
    """u -> r, d, y and a -> d, y; one hidden layer of tanh, as wide as released."""

    name = "cvae"
    sizes: ClassVar = {"u": 7}

    def __init__(self, fair: float = 0.0) -> None:
        super().__init__(fair)
        self.q_u = mlp(11, (11,), 14, nn.Tanh)
        self.of_r = mlp(7, (7,), 3, nn.Tanh)
        self.of_d = mlp(8, (7,), 6, nn.Tanh)
        self.of_y = mlp(8, (7,), 1, nn.Tanh)
        self.settle()

    def encode(self, batch: Batch) -> Posterior:
        row = torch.cat([batch[n] for n in ("r", "d", "a", "y")], -1)
        return {"u": heads(self.q_u, row)}

    def decode(self, draws: Draws, a: Tensor) -> dict[str, Tensor]:
        known = torch.cat([draws["u"], a], -1)
        return {"r": self.of_r(draws["u"]), "d": self.of_d(known), "y": self.of_y(known)}

    def income(self, draws: Draws, a: Tensor) -> Tensor:
        return self.of_y(torch.cat([draws["u"], a], -1))


class Cevae(DeepModel):
    """u -> r, d, a, y and a -> y: y and the guides of y and u have a network for each a.

    The guide's predictors of a and y are trained beside the ELBO, on observed values.
    """

    name = "cevae"
    sizes: ClassVar = {"u": 7}

    def __init__(self, fair: float = 0.0) -> None:
        super().__init__(fair)

        def pair(inputs: int, outputs: int) -> nn.ModuleList:
            return nn.ModuleList([mlp(inputs, (100,), outputs, leaky) for _ in range(2)])

        self.of_r, self.of_d, self.of_a = (mlp(7, (100,), k, leaky) for k in (3, 6, 1))
        self.of_y = pair(7, 1)
        self.q_a, self.q_y, self.q_u = mlp(9, (100,), 1, leaky), pair(9, 1), pair(10, 14)
        self.settle()

    def encode(self, batch: Batch) -> Posterior:
        row = torch.cat([batch[n] for n in ("r", "d", "y")], -1)
        mean, log_variance = by_value(self.q_u, batch["a"], row).chunk(2, -1)
        return {"u": (mean, log_variance)}

    def decode(self, draws: Draws, a: Tensor) -> dict[str, Tensor]:
        u = draws["u"]
        y = self.income(draws, a)
        return {"r": self.of_r(u), "d": self.of_d(u), "a": self.of_a(u), "y": y}

    def income(self, draws: Draws, a: Tensor) -> Tensor:
        return by_value(self.of_y, a, draws["u"])

    def read(self, batch: Batch) -> dict[str, Tensor]:
        x = torch.cat([batch["r"], batch["d"]], -1)
        return {"a": self.q_a(x), "y": by_value(self.q_y, batch["a"], x)}


class Mcevae(DeepModel):
    """u -> r, d, y and a -> d, y; u's encoder and y by a; MMD beside the KL."""

    name = "mcevae"
    sizes: ClassVar = {"u": 7}
    weights: ClassVar = {"mmd": 1.0, "mmd_by_a": 10.0}

    def __init__(self, fair: float = 0.0) -> None:
        super().__init__(fair)
        self.q_u = nn.ModuleList([mlp(10, (9, 9), 14, leaky, norm=2) for _ in range(2)])
        self.of_r = mlp(7, (8, 9, 9), 3, leaky, norm=3)
        self.of_d = mlp(8, (8, 9, 9), 6, leaky, norm=3)
        self.of_y = nn.ModuleList([mlp(7, (8,), 1, leaky, norm=1) for _ in range(2)])
        self.settle()

    def encode(self, batch: Batch) -> Posterior:
        row = torch.cat([batch[n] for n in ("r", "d", "y")], -1)
        mean, log_variance = by_rows(self.q_u, batch["a"], row).chunk(2, -1)
        return {"u": (mean, log_variance)}

    def decode(self, draws: Draws, a: Tensor) -> dict[str, Tensor]:
        d = self.of_d(torch.cat([draws["u"], a], -1))
        return {"r": self.of_r(draws["u"]), "d": d, "y": self.income(draws, a)}

    def income(self, draws: Draws, a: Tensor) -> Tensor:
        return by_rows(self.of_y, a, draws["u"])

    def extras(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        u = draws["u"]
        groups = [u[batch["a"][:, 0] == value] for value in (0, 1)]
        apart = [mmd(group, torch.randn_like(group)) for group in groups if len(group)]
        return {"mmd": mmd(u, torch.randn_like(u)), "mmd_by_a": torch.stack(apart).mean()}


class Dcevae(DeepModel):
    """u_r -> r; u_d, a -> d; u_r, u_d, a -> y, and a discriminator of (u_r, a) against u_d."""

    name = "dcevae"
    sizes: ClassVar = {"u_r": 3, "u_d": 4}
    weights: ClassVar = {"tc": 0.4}

    def __init__(self, fair: float = 0.0) -> None:
        super().__init__(fair)
        self.q_r = mlp(5, (100, 100), 6, leaky)
        self.q_d = mlp(8, (100, 100), 8, leaky)
        self.of_r = mlp(3, (100,), 3, leaky)
        self.of_d = mlp(5, (100,), 6, leaky)
        self.of_y = mlp(8, (100,), 1, leaky)
        self.player = mlp(8, (100, 100, 100), 2, lambda: nn.LeakyReLU(0.2))
        self.logits = torch.zeros(0)
        self.settle()

    def encode(self, batch: Batch) -> Posterior:
        r = torch.cat([batch[n] for n in ("r", "a", "y")], -1)
        d = torch.cat([batch[n] for n in ("d", "a", "y")], -1)
        return {"u_r": heads(self.q_r, r), "u_d": heads(self.q_d, d)}

    def decode(self, draws: Draws, a: Tensor) -> dict[str, Tensor]:
        d = self.of_d(torch.cat([draws["u_d"], a], -1))
        return {"r": self.of_r(draws["u_r"]), "d": d, "y": self.income(draws, a)}

    def income(self, draws: Draws, a: Tensor) -> Tensor:
        return self.of_y(torch.cat([draws["u_r"], draws["u_d"], a], -1))

    def extras(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """Return the density ratio of the joint to the permuted draws, class 0 against class 1."""
        self.logits = self.player(torch.cat([draws["u_r"], draws["u_d"], batch["a"]], -1))
        return {"tc": (self.logits[:, 0] - self.logits[:, 1]).mean()}

    def permuted(self, second: Batch) -> Tensor:
        """Return draws of a second batch: (u_r, a) in one order, u_d in another, no gradient."""
        with torch.no_grad():
            draws = {
                n: mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                for n, (mean, log_variance) in self.encode(second).items()
            }
            first, other = torch.randperm(len(second["a"])), torch.randperm(len(second["a"]))
            blocks = [draws["u_r"][first], draws["u_d"][other], second["a"][first]]
            return torch.cat(blocks, -1)

    def player_loss(self, second: Batch) -> Tensor:
        """Return the discriminator's loss: half the cross entropies of joint and permuted draws."""
        apart = self.player(self.permuted(second))
        both = functional.softplus(self.logits[:, 1] - self.logits[:, 0]).mean()
        return 0.5 * (both + functional.softplus(apart[:, 0] - apart[:, 1]).mean())


MODELS: dict[str, type[DeepModel]] = {m.name: m for m in (Cvae, Cevae, Mcevae, Dcevae)}


def make(name: str, seed: int = 0, fair: float = 0.0) -> DeepModel:
    """Return a model by its name, its first numbers drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[name](fair)


# --- steps ----------------------------------------------------------------------------------


def torch_loss(model: DeepModel, batch: Batch) -> Tensor:
    """Return the objective per row in torch alone."""
    return model.weighted(model.terms(batch))


def pyro_loss(model: DeepModel, batch: Batch) -> Tensor:
    """Return the objective per row: Pyro's ELBO, and the other terms on the guide's draws."""
    loss = TraceMeanField_ELBO().differentiable_loss(model.model, model.guide, batch)
    return loss + model.weighted(model.more(batch, model.draws))


def _step(
    model: DeepModel,
    loss: Callable[[DeepModel, Batch], Tensor],
    batches: Batches,
    rate: float = RATE,
) -> Step:
    """Return a whole step: both players' gradients, then both steps."""
    playing = [p for n, p in model.named_parameters() if n.startswith("player.")]
    own = [p for n, p in model.named_parameters() if not n.startswith("player.")]
    optimisers = [torch.optim.Adam(own, lr=rate)]
    if playing:
        optimisers.append(torch.optim.Adam(playing, lr=rate))

    def step() -> float:
        batch, second = batches()
        value = loss(model, batch)
        if isinstance(model, Dcevae):
            against = model.player_loss(second)
            found = torch.autograd.grad(value, own, retain_graph=True)
            theirs = torch.autograd.grad(against, playing)
            for parameter, gradient in zip((*own, *playing), (*found, *theirs), strict=True):
                parameter.grad = gradient
        else:
            for optimiser in optimisers:
                optimiser.zero_grad()
            value.backward()
        for optimiser in optimisers:
            optimiser.step()
        return float(value.detach())

    return step


#: Gives a batch, and a second one for a discriminator.
Batches = Callable[[], tuple[Batch, Batch]]


def torch_step(name: str, batch: Batch, second: Batch, *, seed: int = 0, fair: float = 0.0) -> Step:
    """Return a step of a model in torch alone, on the same two batches every time."""
    return _step(make(name, seed, fair), torch_loss, lambda: (batch, second))


def pyro_step(name: str, batch: Batch, second: Batch, *, seed: int = 0, fair: float = 0.0) -> Step:
    """Return a step of a model in Pyro: `TraceMeanField_ELBO` and torch's Adam."""
    return _step(make(name, seed, fair), pyro_loss, lambda: (batch, second))


def svi_step(name: str, batch: Batch, *, seed: int = 0) -> Step:
    """Return a step as in Pyro's tutorial of the VAE: `pyro.module`, `SVI` and Pyro's own Adam.

    Only for models that are an ELBO and nothing else.
    """
    if name not in ("cvae", "cevae"):
        raise ValueError(f"{name} minimises more than an ELBO")
    network = make(name, seed)

    def model(rows: Batch) -> None:
        pyro.module(name, network)
        network.model(rows)

    def guide(rows: Batch) -> None:
        pyro.module(name, network)
        network.guide(rows)

    svi = SVI(model, guide, pyro.optim.Adam({"lr": RATE}), TraceMeanField_ELBO())
    return lambda: float(svi.step(batch))


# --- a whole fit ----------------------------------------------------------------------------


@torch.no_grad()
def evaluate(model: DeepModel, table: Batch, *, draws: int, seed: int) -> dict[str, float]:
    """Return each term of the ELBO in nats per row, averaged over draws, on distinct rows."""
    rows, shares = distinct(table)
    model.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        posterior = model.encode(rows)
        found = {
            f"kl_{n}": float(shares @ (0.5 * (v.exp() + m**2 - 1 - v).sum(-1)))
            for n, (m, v) in posterior.items()
        }
        for _ in range(draws):
            u = {n: m + torch.exp(0.5 * v) * torch.randn_like(m) for n, (m, v) in posterior.items()}
            for n, logits in model.decode(u, rows["a"]).items():
                lost = functional.binary_cross_entropy_with_logits(
                    logits, rows[n], reduction="none"
                )
                found[n] = found.get(n, 0.0) + float(shares @ lost.sum(-1)) / draws
    model.train()
    return found


@torch.no_grad()
def abducted_effects(model: DeepModel, rows: Batch, *, draws: int, seed: int) -> Tensor:
    """Return p(y | u, a = 1) - p(y | u, a = 0) of each row ``(N,)``, u given the whole row.

    Probabilities, averaged over draws of u.
    """
    model.eval()
    ones, total = torch.ones_like(rows["a"]), torch.zeros(len(rows["a"]), dtype=DTYPE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        posterior = model.encode(rows)
        for _ in range(draws):
            u = {n: m + torch.exp(0.5 * v) * torch.randn_like(m) for n, (m, v) in posterior.items()}
            worlds = [torch.sigmoid(model.income(u, a))[:, 0] for a in (ones, 0 * ones)]
            total += (worlds[0] - worlds[1]) / draws
    model.train()
    return total


def abducted_effect(model: DeepModel, table: Batch, *, draws: int, seed: int) -> float:
    """Return the mean of `abducted_effects` over a table's rows."""
    rows, shares = distinct(table)
    return float(shares @ abducted_effects(model, rows, draws=draws, seed=seed))


def handwritten_fit(
    name: str,
    train: Batch,
    validation: Batch,
    *,
    epochs: int,
    seed: int,
    fair: float = 0.0,
    rate: float = RATE,
    report: Callable[[int, dict[str, float]], None] | None = None,
    every: int = 10,
) -> tuple[DeepModel, dict[str, float]]:
    """Return a model trained in torch alone, and what it reaches on the validation rows.

    Parameters
    ----------
    train, validation
        Blocks of rows, as `blocks_of` gives them.
    epochs
        Passes over the training rows in batches of 256, the last one smaller.
    report
        Told the epoch and the validation figures, every `every` epochs.

    Returns
    -------
    tuple[DeepModel, dict[str, float]]
        The figures: r, d, y and the KL of each latent in nats per row, their sum without p(a), and
        the total effect from abducted latents, in probabilities.
    """
    model, rows = make(name, seed, fair), len(train["a"])
    steps = math.ceil(rows / BATCH)
    torch.manual_seed(seed)
    order: list[Tensor] = []

    def batches() -> tuple[Batch, Batch]:
        if not order:
            order.extend(torch.randperm(rows).split(BATCH)[::-1])
        taken = order.pop()
        return rows_of(train, taken), rows_of(train, torch.randint(rows, (len(taken),)))

    def figures() -> dict[str, float]:
        found = evaluate(model, validation, draws=20, seed=seed)
        shown = [v for n, v in found.items() if n in ("r", "d", "y") or n.startswith("kl_")]
        effect = abducted_effect(model, validation, draws=20, seed=seed)
        return {**found, "sum": sum(shown), "effect": effect}

    step = _step(model, torch_loss, batches, rate)
    for epoch in range(1, epochs + 1):
        for _ in range(steps):
            step()
        if report is not None and epoch % every == 0:
            report(epoch, figures())
    return model, figures()
