"""Models written by hand, against which the compiled ones are measured.

The released models are what the authors' code does, from its description: race as a number, one
free mean and scale for each row and latent, all rows in every step, and for EXOC a control loss on
draws of its own whose weight is recomputed at every step. The corrected EXOC is the model of
``exoc.scm`` as a Pyro user, and as somebody with torch alone, would write it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoDiagonalNormal, init_to_median
from torch import Tensor, nn

LEVELS = ("White", "Black", "Asian")
Columns = dict[str, Tensor]


def law_columns(path: object, dtype: torch.dtype = torch.float64) -> Columns:
    """Return race as 0, 1, 2, and UGPA, floored LSAT and ZFYA of the rows with these races."""
    import pandas as pd

    table = pd.read_csv(path)
    table = table[table.race.isin(LEVELS)]
    numbers = {
        "R": table.race.map(LEVELS.index).to_numpy(copy=True),
        "G": table.UGPA.to_numpy(copy=True),
        "L": table.LSAT.to_numpy() // 1,
        "Y": table.ZFYA.to_numpy(copy=True),
    }
    return {name: torch.as_tensor(v, dtype=dtype) for name, v in numbers.items()}


def _learned(name: str, start: float = 0.0) -> Tensor:
    return pyro.param(name, lambda: torch.tensor(start))


# --- as released ----------------------------------------------------------------------------


def fair_k_released(data: Columns) -> None:
    """Draw the released Fair-K: race is a category, and a number in every regression."""
    pi = pyro.param("pi", lambda: torch.tensor([0.4, 0.3, 0.3]))
    race = data["R"]
    with pyro.plate("students", len(race)):
        knowledge = pyro.sample("K", dist.Normal(0.0, 1.0))
        pyro.sample("R", dist.Categorical(pi), obs=race)
        grade = _learned("b_g") + _learned("w_gk") * knowledge + _learned("w_gr") * race
        pyro.sample("G", dist.Normal(grade, _learned("sigma_g", 1.0).abs()), obs=data["G"])
        score = _learned("b_l") + _learned("w_lk") * knowledge + _learned("w_lr") * race
        pyro.sample("L", dist.Poisson(score.exp()), obs=data["L"])
        year = _learned("w_fk") * knowledge + _learned("w_fr") * race
        pyro.sample("Y", dist.Normal(year, 1.0), obs=data["Y"])


def exoc_released(data: Columns) -> None:
    """Draw the released EXOC: race is a real number that comes from S'."""
    race = data["R"]
    with pyro.plate("students", len(race)):
        k = pyro.sample("K", dist.Normal(0.0, 1.0))
        cause = _learned("b_sp") + _learned("w_sp_k") * k
        sp = pyro.sample("Sp", dist.Normal(cause, _learned("sigma_sp", 1.0).abs()))
        code = _learned("b_r") + _learned("w_r_sp") * sp
        pyro.sample("R", dist.Normal(code, _learned("sigma_r", 1.0).abs()), obs=race)
        grade = (
            _learned("b_g")
            + _learned("w_gk") * k
            + _learned("w_g_sp") * sp
            + _learned("w_g_s") * race
        )
        pyro.sample("G", dist.Normal(grade, _learned("sigma_g", 1.0).abs()), obs=data["G"])
        score = (
            _learned("b_l")
            + _learned("w_lk") * k
            + _learned("w_l_sp") * sp
            + _learned("w_l_s") * race
        )
        pyro.sample("L", dist.Poisson(score.exp()), obs=data["L"])
        year = _learned("w_fk") * k + _learned("w_f_sp") * sp
        pyro.sample("Y", dist.Normal(year, 1.0), obs=data["Y"])
        back = _learned("b_spp") + _learned("w_spp_f") * data["Y"]
        pyro.sample("Spp", dist.Normal(back, 1.0))


Step = Callable[[], float]


def mean_field(latents: tuple[str, ...], rows: int) -> Callable[[Columns], dict[str, Tensor]]:
    """Return a guide with a Normal for every row and latent, started as the released one is.

    Pyro's own `AutoNormal` draws through a point mass, of which the KL is taken from the draw.
    """

    def guide(data: Columns) -> dict[str, Tensor]:
        found = {}
        with pyro.plate("students", len(data["R"])):
            for name in latents:
                loc = pyro.param(f"{name}.loc", lambda: torch.randn(15, rows).median(0).values)
                scale = pyro.param(
                    f"{name}.scale",
                    lambda: torch.full((rows,), 0.1),
                    constraint=constraints.softplus_positive,
                )
                found[name] = pyro.sample(name, dist.Normal(loc, scale))
        return found

    return guide


def released_step(
    data: Columns,
    gamma: float | None,
    seed: int,
    rate: float = 1e-3,
    closed: bool = False,
) -> Step:
    """Return one training step of a released model; it gives the negative ELBO it began with.

    `gamma` is None for Fair-K. The guide has a mean (at first the median of 15 prior draws) and a
    scale (at first 0.1) for every row and latent. `closed` takes the KL in closed form, where the
    released code takes it from the draw: the same expectation with less noise in its gradient.
    """
    pyro.clear_param_store()
    pyro.set_rng_seed(seed)
    model = fair_k_released if gamma is None else exoc_released
    guide = (
        mean_field(("K",) if gamma is None else ("K", "Sp", "Spp"), len(data["R"]))
        if closed
        else AutoDiagonalNormal(model, init_scale=0.1, init_loc_fn=init_to_median(num_samples=15))
    )
    elbo = TraceMeanField_ELBO() if closed else Trace_ELBO()
    elbo.differentiable_loss(model, guide, data)  # makes every parameter
    learned = [p for _, p in pyro.get_param_store().named_parameters()]
    own = guide.parameters() if isinstance(guide, nn.Module) else []
    learned = list({id(p): p for p in [*learned, *own]}.values())
    optimiser = torch.optim.Adam(learned, lr=rate)

    def step() -> float:
        loss = elbo.differentiable_loss(model, guide, data)
        total = loss
        if gamma:
            apart = ((guide(data)["Sp"] - guide(data)["Spp"]) ** 2).mean()
            weight = loss.detach() / (20 * apart.detach() + 1e-8)
            total = loss + gamma * weight * apart
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        return float(loss.detach())

    return step


# --- the corrected EXOC ----------------------------------------------------------------------


class Factor(nn.Module):
    """Location and scale of one latent, read from the row: a linear map and a small network."""

    def __init__(self, inputs: int, hidden: int = 32) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, 2)
        self.hidden = nn.Linear(inputs, hidden)
        self.out = nn.Linear(hidden, 2)
        for layer in (self.linear, self.out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the location and the scale ``(N,)`` each."""
        loc, raw = (self.linear(x) + self.out(torch.tanh(self.hidden(x)))).unbind(-1)
        return loc, raw.clamp(-14.0, 6.0).exp()


class CorrectedExoc(nn.Module):
    """The model of ``exoc.scm``: categorical race with logits from S', K and S' of fixed scale."""

    def __init__(self, data: Columns, gamma: float) -> None:
        super().__init__()
        self.gamma, self.weight, self.rows = gamma, 1.0, len(data["R"])
        self.centre = {n: data[n].mean() for n in "GLY"}
        self.spread = {n: data[n].std(correction=0) for n in "GLY"}

        def number(value: float, *size: int) -> nn.Parameter:
            return nn.Parameter(torch.full(size, value))

        self.s_int, self.s_sp = number(0.0, 2), number(0.1, 2)
        self.g_int, self.g_k, self.g_sp, self.g_s = (
            number(0.0), number(0.1), number(0.1), number(0.0, 2),
        )  # fmt: skip
        self.g_raw = number(0.0)
        self.l_int, self.l_k, self.l_sp, self.l_s = (
            number(math.log(float(self.centre["L"]))), number(0.1), number(0.1), number(0.0, 2),
        )  # fmt: skip
        self.y_int, self.y_k, self.y_sp = number(0.0), number(0.1), number(0.1)
        self.spp_int, self.spp_y = number(0.0), number(0.0)
        self.guide_k, self.guide_sp = Factor(6), Factor(6)

    # --- shared arithmetic

    def inputs(self, data: Columns) -> Tensor:
        """Return what the guide reads ``(N, 6)``."""
        columns = [((data[n] - self.centre[n]) / self.spread[n])[:, None] for n in "GLY"]
        return torch.cat([nn.functional.one_hot(data["R"].long(), 3), *columns], -1)

    def laws(self, data: Columns, k: Tensor, sp: Tensor) -> dict[str, tuple[object, Tensor]]:
        """Return the law and the observed values of each observed variable."""
        race = data["R"].long()
        logits = nn.functional.pad(self.s_int + self.s_sp * sp[:, None], (1, 0))
        of_race = [nn.functional.pad(w, (1, 0))[race] for w in (self.g_s, self.l_s)]
        grade = self.g_int + self.g_k * k + self.g_sp * sp + of_race[0]
        score = self.l_int + self.l_k * k + self.l_sp * sp + of_race[1]
        year = self.y_int + self.y_k * k + self.y_sp * sp
        c, s = self.centre, self.spread
        return {
            "S": (dist.Categorical(logits=logits), race),
            "G": (
                dist.Normal(c["G"] + s["G"] * grade, s["G"] * (0.01 + self.g_raw.exp())),
                data["G"],
            ),
            "L": (dist.Poisson(score.exp()), data["L"]),
            "Y": (dist.Normal(c["Y"] + s["Y"] * year, 1.0), data["Y"]),
        }

    def back(self, data: Columns) -> dist.Normal:
        """Return the law of S''."""
        scaled = (data["Y"] - self.centre["Y"]) / self.spread["Y"]
        return dist.Normal(self.spp_int + self.spp_y * scaled, 1.0)

    # --- Pyro

    def model(self, data: Columns) -> None:
        """Draw K, S' and what is observed."""
        pyro.module("exoc", self)
        size = len(data["R"])
        with pyro.plate("students", size), poutine.scale(scale=1 / size):
            k = pyro.sample("K", dist.Normal(torch.zeros(()), 1.0))
            sp = pyro.sample("Sp", dist.Normal(torch.zeros(()), 1.0))
            for name, (law, seen) in self.laws(data, k, sp).items():
                pyro.sample(name, law, obs=seen)

    def guide(self, data: Columns) -> Tensor:
        """Draw K and S' given the row, and return S'."""
        pyro.module("exoc", self)
        size = len(data["R"])
        with pyro.plate("students", size), poutine.scale(scale=1 / size):
            x = self.inputs(data)
            pyro.sample("K", dist.Normal(*self.guide_k(x)))
            return pyro.sample("Sp", dist.Normal(*self.guide_sp(x)))

    def pyro_loss(self, data: Columns) -> Tensor:
        """Return the objective per row: Pyro's ELBO, and one more pass of the guide."""
        loss = Trace_ELBO().differentiable_loss(self.model, self.guide, data)
        apart = ((self.guide(data) - self.back(data).rsample()) ** 2).mean()
        return loss + self.gamma * self.weight * apart

    # --- torch alone

    def torch_loss(self, data: Columns) -> Tensor:
        """Return the objective per row with the KL in closed form, one draw for everything."""
        x = self.inputs(data)
        drawn, loss = [], torch.zeros(())
        for factor in (self.guide_k, self.guide_sp):
            loc, scale = factor(x)
            drawn.append(loc + scale * torch.randn_like(loc))
            loss = loss + (0.5 * (loc**2 + scale**2 - 1) - scale.log()).mean()
        for law, seen in self.laws(data, *drawn).values():
            loss = loss - law.log_prob(seen).mean()
        apart = ((drawn[1] - self.back(data).rsample()) ** 2).mean()
        return loss + self.gamma * self.weight * apart
