"""Losses over samples: values against numpy, and whose parameters their gradients reach."""

import numpy as np
import pyro
import pytest
import torch
from scipy.special import expit, log_softmax

from causaldsl.runtime.scope import isolated
from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

# --- the same in numpy ----------------------------------------------------------------------


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def affinity(x, y, kernel, width):
    d = distances(x, y)
    if kernel == "gaussian":
        return np.exp(-(d**2) / (2 * width**2))
    return np.exp(-d / width) if kernel == "laplace" else -d


def median_width(x):
    """The lower median of the distances above 0."""
    d = distances(x, x)[np.triu_indices(len(x), 1)]
    d = np.sort(d[d > 0])
    return d[(len(d) - 1) // 2]


def mmd(x, y, kernel="gaussian", width=None):
    if width is None:
        width = median_width(np.concatenate([x, y]))
    within = affinity(x, x, kernel, width).mean() + affinity(y, y, kernel, width).mean()
    return within - 2 * affinity(x, y, kernel, width).mean()


def hsic(x, y, kernels, width=None):
    n = len(x)
    centring = np.eye(n) - 1 / n
    grams = []
    for z, kernel in zip((x, y), kernels, strict=True):
        if kernel == "level":
            grams.append((distances(z, z) == 0).astype(float))
        else:
            grams.append(affinity(z, z, kernel, width or median_width(z)))
    return np.trace(grams[0] @ centring @ grams[1] @ centring) / (n - 1) ** 2


def network(params, name, x):
    """A network of tanh layers, the last of them linear."""
    k = 0
    while f"{name}.{k}.weight" in params:
        x = np.tanh(x) if k else x
        x = x @ params[f"{name}.{k}.weight"].numpy().T + params[f"{name}.{k}.bias"].numpy()
        k += 1
    return x


def entropy(logits, kinds):
    return -log_softmax(logits, -1)[np.arange(len(kinds)), kinds].mean()


# --- distances between samples --------------------------------------------------------------

HEAD = """scm m
observed S : {p, q, r}
observed x : real
latent u[2]
u, S -> x
"""


def of(term, head=HEAD, n=17, **words):
    compiled = compiled_of(f"{head}loss it = {term}\n")
    rows = rows_of(compiled, n)
    return compiled, rows, Pass(compiled, rows, **words)


def close(found, expected):
    """Equal but for the floor under the distance of a row to itself."""
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kernel", ["gaussian", "laplace", "energy"])
@pytest.mark.parametrize("width", [None, 0.7])
def test_the_discrepancy_is_the_v_statistic(kernel, width):
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(9, 3, generator=g).double(), torch.rand(14, 3, generator=g).double()
    module = compiled_of(f"{HEAD}loss it = mmd(u by S)\n").module
    found = float(module.mmd(x, y, kernel, width))
    close(found, mmd(x.numpy(), y.numpy(), kernel, width))


def test_equal_samples_have_no_discrepancy():
    module = compiled_of(f"{HEAD}loss it = mmd(u by S)\n").module
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).double()
    assert float(module.mmd(x, x, "gaussian")) == pytest.approx(0.0, abs=1e-12)


def test_long_samples_are_read_at_evenly_spaced_rows():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(1025, 2, generator=g).double(), torch.randn(1024, 2, generator=g).double()
    module = compiled_of(f"{HEAD}loss it = mmd(u by S) + hsic(u, x)\n").module
    close(float(module.mmd(x, y, "gaussian", 1.0)), mmd(x[::2].numpy(), y.numpy(), width=1.0))
    both = float(module.hsic("it", x, x, "gaussian", 1.0))
    close(both, hsic(x[::2].numpy(), x[::2].numpy(), ("gaussian", "gaussian"), 1.0))


def test_the_width_of_long_samples_is_read_off_some_256_rows():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(600, 2, generator=g).double()
    module = compiled_of(f"{HEAD}loss it = mmd(u by S)\n").module
    assert float(module.median_distance(x)) == pytest.approx(median_width(x[::2].numpy()))


def test_the_discrepancy_to_a_distribution_draws_as_many_rows_from_it():
    _, _, found = of("mmd(u, Normal(0, 1); kernel=gaussian(0.8))")
    with isolated(0):
        torch.set_rng_state(found.after_draws)
        other = torch.distributions.Normal(0.0, 1.0).sample((17, 2))
    close(found["it"], mmd(found.value("u").numpy(), other.numpy(), width=0.8))


def test_a_sample_is_compared_to_another():
    _, _, found = of("mmd(u, w; kernel=laplace)", HEAD + "latent w[2]\nw -> x\n")
    u, w = (found.value(n).numpy() for n in ("u", "w"))
    close(found["it"], mmd(u, w, "laplace"))


def test_groups_are_compared_in_pairs_that_count_alike():
    _, rows, found = of("mmd(u by S)")
    u, s = found.value("u").numpy(), rows["S"].numpy()
    groups = [u[s == k] for k in range(3)]
    pairs = [mmd(groups[a], groups[b]) for a, b in ((1, 0), (2, 0), (2, 1))]
    close(found["it"], np.mean(pairs))


def test_pairs_of_groups_may_count_by_their_rows():
    _, rows, found = of("mmd(u by S; weights=count, kernel=gaussian(1))")
    u, s = found.value("u").numpy(), rows["S"].numpy()
    groups = [u[s == k] for k in range(3)]
    expected = sum(
        (len(groups[a]) + len(groups[b])) * mmd(groups[a], groups[b], width=1.0)
        for a, b in ((1, 0), (2, 0), (2, 1))
    )
    close(found["it"], expected)


@pytest.mark.parametrize("weights", ["equal", "count"])
def test_each_group_is_compared_to_a_reference_of_its_size(weights):
    _, rows, found = of(f"mmd(u by S, Uniform(0, 1); kernel=gaussian(0.5), weights={weights})")
    u, s = found.value("u").numpy(), rows["S"].numpy()
    values, sizes = [], []
    with isolated(0):
        torch.set_rng_state(found.after_draws)
        for k in range(3):
            group = u[s == k]
            other = torch.distributions.Uniform(0.0, 1.0).sample(group.shape)
            values.append(mmd(group, other.numpy(), width=0.5))
            sizes.append(len(group))
    expected = np.mean(values) if weights == "equal" else np.dot(sizes, values)
    close(found["it"], expected)


def test_observed_numbers_enter_in_their_columns_unit():
    compiled = compiled_of(f"{HEAD}loss it = mmd(x by S)\n")
    compiled.set_scales({"x": (3.0, 2.0)})
    rows = rows_of(compiled, 17)
    found = Pass(compiled, rows)
    x, s = (rows["x"].numpy()[:, None] - 3) / 2, rows["S"].numpy()
    groups = [x[s == k] for k in range(3)]
    pairs = [mmd(groups[a], groups[b]) for a, b in ((1, 0), (2, 0), (2, 1))]
    close(found["it"], np.mean(pairs))


def test_a_group_of_one_row_is_left_out_and_noted():
    compiled = compiled_of(f"{HEAD}loss it = mmd(u by S; kernel=gaussian(1))\n")
    rows = rows_of(compiled, 9)
    rows["S"] = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 2])
    compiled.module.REMARKS.clear()
    found = Pass(compiled, rows)
    u = found.value("u").numpy()
    close(found["it"], mmd(u[4:8], u[:4], width=1.0))
    assert set(compiled.module.REMARKS) == {("it", "a level has fewer than two rows")}


@pytest.mark.parametrize("term", ["mmd(u by S)", "mmd(u by S, Normal(0, 1))"])
def test_a_batch_of_one_row_or_one_class_is_defined(term):
    compiled = compiled_of(f"{HEAD}loss it = {term}\n")
    rows = rows_of(compiled, 1)
    found = Pass(compiled, rows, of="it")
    assert found["it"] == 0.0
    rows = rows_of(compiled, 6)
    rows["S"] = torch.zeros(6).long()
    assert Pass(compiled, rows).terms["it"].isfinite()


# --- independence ---------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["gaussian", "laplace"])
def test_the_independence_criterion_is_that_of_centred_grams(kernel):
    _, rows, found = of(f"hsic(u, x; kernel={kernel})")
    x = rows["x"].numpy()[:, None]
    close(found["it"], hsic(found.value("u").numpy(), x, (kernel, kernel)))


def test_levels_are_alike_or_not():
    _, rows, found = of("hsic(u, S)")
    levels = np.eye(3)[rows["S"].numpy()]
    close(found["it"], hsic(found.value("u").numpy(), levels, ("gaussian", "level")))


def test_the_independence_of_a_batch_of_one_row_is_0_and_noted():
    compiled = compiled_of(f"{HEAD}loss it = hsic(u, x)\n")
    compiled.module.REMARKS.clear()
    assert Pass(compiled, rows_of(compiled, 1), of="it")["it"] == 0.0
    assert set(compiled.module.REMARKS) == {("it", "a batch has one row")}
    compiled.module.REMARKS.clear()
    Pass(compiled, rows_of(compiled, 2))
    assert not compiled.module.REMARKS


def test_samples_of_several_variables_stand_side_by_side():
    _, rows, found = of("hsic(u, (x, w))", HEAD + "latent w[2]\nw -> x\n")
    both = np.concatenate([rows["x"].numpy()[:, None], found.value("w").numpy()], 1)
    close(found["it"], hsic(found.value("u").numpy(), both, ("gaussian", "gaussian")))


# --- players --------------------------------------------------------------------------------

NET = "network=mlp(hidden=[4, 3], activation=tanh)"
PLAYED = HEAD + "latent w[2]\nw -> x\n"
MISSING = "observed c : real missing latent\n"


def test_the_total_correlation_is_the_networks_log_ratio_on_the_batch():
    _, rows, found = of(f"total_correlation(u, (w, S); {NET})", PLAYED)
    levels = np.eye(3)[rows["S"].numpy()]
    joint = np.concatenate([found.value("u").numpy(), found.value("w").numpy(), levels], 1)
    logits = network(found.params, "player.it", joint)
    assert logits.shape == (17, 2)
    assert found["it"] == pytest.approx((logits[:, 0] - logits[:, 1]).mean())


def test_the_network_learns_to_tell_the_batch_from_the_permuted_second_batch():
    compiled = compiled_of(f"{PLAYED}loss it = total_correlation(u, w; {NET})\n")
    module = compiled.module
    g = torch.Generator().manual_seed(0)
    joint, product = (torch.randn(8, 4, generator=g).double() for _ in range(2))
    with isolated(0) as state, torch.no_grad():
        ratio, loss = module.density_ratio("player.it", joint, product)
    params = {n: v.detach() for n, v in state["params"].items()}
    both = network(params, "player.it", np.concatenate([joint, product]))
    assert float(loss) == pytest.approx(entropy(both, np.repeat([0, 1], 8)))
    assert float(ratio) == pytest.approx((both[:8, 0] - both[:8, 1]).mean())


def test_blocks_are_permuted_whole_and_apart():
    compiled = compiled_of(f"{PLAYED}loss it = total_correlation(u, (w, S); {NET})\n")
    first = torch.arange(20.0).reshape(10, 2)
    second = 100 + torch.arange(30.0).reshape(10, 3)
    with isolated(0):
        product = compiled.module.permuted(first, second)
    moved = []
    for block, columns in ((first, product[:, :2]), (second, product[:, 2:])):
        order = [block.tolist().index(row) for row in columns.tolist()]
        assert sorted(order) == list(range(10))
        moved.append(order)
    assert moved[0] != moved[1]


def test_the_second_batch_is_the_one_that_is_permuted():
    compiled = compiled_of(f"{PLAYED}loss it = total_correlation(u, x; {NET})\n")
    rows, second = rows_of(compiled, 9), rows_of(compiled, 9, seed=5)
    seen = []
    inner = compiled.module.permuted
    compiled.module.permuted = lambda *blocks: seen.append(blocks) or inner(*blocks)
    found = Pass(compiled, rows, second=second)
    u, x = seen[-1]
    assert torch.equal(x[:, 0], second["x"])
    assert not torch.equal(u, found.value("u"))
    assert not u.requires_grad


@pytest.mark.parametrize(
    ("target", "kind"), [("S", "level"), ("b", "level"), ("x", "number"), ("v", "latent")]
)
def test_an_adversary_is_minus_the_loss_of_a_network_that_learns_the_variable(target, kind):
    head = HEAD + "observed b : binary\nlatent v\nu -> b\nv -> x\n"
    _, rows, found = of(f"adversary({target} from u; {NET})", head)
    guess = network(found.params, "player.it", found.value("u").numpy())
    if kind == "level":
        loss = entropy(guess, rows[target].long().numpy())
    else:
        truth = rows["x"].numpy() if kind == "number" else found.value("v").numpy()
        loss = ((guess[:, 0] - truth) ** 2).mean()
    assert found["it"] == pytest.approx(-loss)
    assert found["it (network)"] == pytest.approx(loss)


def test_an_adversary_that_guesses_a_number_does_so_in_its_columns_unit():
    compiled = compiled_of(f"{HEAD}loss it = adversary(x from u; {NET})\n")
    compiled.set_scales({"x": (3.0, 2.0)})
    rows = rows_of(compiled, 8)
    found = Pass(compiled, rows)
    guess = network(found.params, "player.it", found.value("u").numpy())[:, 0]
    assert found["it (network)"] == pytest.approx(
        ((guess - (rows["x"].numpy() - 3) / 2) ** 2).mean()
    )


def test_an_adversary_tells_the_batch_from_fresh_draws_of_the_model():
    head = "scm m\nobserved x, y : real\nlatent u\nu -> x -> y\ny ~ Normal(linear(x), 0.5)\n"
    head += "x ~ Normal(linear(u), 0.5)\n"
    _, rows, found = of(f"adversary((x, y), sampled(x, y); {NET})", head)
    with isolated(0):
        torch.set_rng_state(found.after_draws)
        p, u = found.params, found.value("u")
        x = torch.distributions.Normal(p["x__intercept"] + p["x__u"] * u, 0.5).rsample()
        y = torch.distributions.Normal(p["y__intercept"] + p["y__x"] * x, 0.5).rsample()
    seen = np.stack([rows["x"], rows["y"]], 1)
    made = np.stack([x, y], 1)
    logits = network(found.params, "player.it", np.concatenate([seen, made]))
    loss = entropy(logits, np.repeat([0, 1], 17))
    assert found["it (network)"] == pytest.approx(loss)
    assert found["it"] == pytest.approx(-loss)


def test_an_adversary_judges_fresh_draws_beside_what_they_were_drawn_from():
    head = "scm m\nsensitive a : binary\nobserved x : real\nlatent u\nu, a -> x\n"
    head += "x ~ Normal(linear(u, a), 0.5)\n"
    _, rows, found = of(f"adversary((a, x), (a, sampled(x)); {NET})", head)
    with isolated(0):
        torch.set_rng_state(found.after_draws)
        p, u, a = found.params, found.value("u"), rows["a"]
        mean = p["x__intercept"] + p["x__u"] * u + p["x__a"] * a
        x = torch.distributions.Normal(mean, 0.5).rsample()
    seen = np.stack([rows["a"], rows["x"]], 1)
    made = np.stack([rows["a"], x], 1)
    logits = network(found.params, "player.it", np.concatenate([seen, made]))
    assert found["it"] == pytest.approx(-entropy(logits, np.repeat([0, 1], 17)))


@pytest.mark.parametrize("of_all", [False, True])
def test_a_fresh_draw_of_what_has_no_parents_is_drawn_in_every_row(of_all):
    head = "scm m\nobserved x, r : real\nlatent u[2], k\nu, k, r -> x\n"
    batch, fresh = ("(r, u, k)", "sampled(r, u, k)") if of_all else ("k", "sampled(k)")
    compiled = compiled_of(f"{head}loss it = adversary({batch}, {fresh}; {NET})\n")
    seen = []
    inner = compiled.module.apart_from
    compiled.module.apart_from = lambda *given: seen.append(given) or inner(*given)
    found = Pass(compiled, rows_of(compiled, 17))
    _, first, second = seen[-1]
    assert first.shape == second.shape == (17, 4 if of_all else 1)
    assert all(len(set(column)) == 17 for column in second.T.tolist())
    assert found.terms["it"].isfinite()


def test_a_fresh_draw_of_what_reads_no_parent_is_drawn_in_every_row():
    head = "scm m\nobserved x, y : real\nlatent u\nu -> x -> y\ny ~ Normal(0, 1)\n"
    _, _, found = of("mmd(y, sampled(y); kernel=gaussian(1))", head)
    with isolated(0):
        torch.set_rng_state(found.after_draws)
        other = torch.distributions.Normal(0.0, 1.0).expand((17,)).sample()
    y = found.value("y").numpy()[:, None]
    close(found["it"], mmd(y, other.numpy()[:, None], width=1.0))


def test_fresh_draws_stand_in_the_order_of_the_text():
    head = "scm m\nobserved x, y : real\nlatent u\nu -> x -> y\ny ~ Normal(100, 1)\n"
    compiled = compiled_of(f"{head}loss it = adversary((y, x), sampled(y, x); {NET})\n")
    seen = []
    inner = compiled.module.apart_from
    compiled.module.apart_from = lambda *given: seen.append(given) or inner(*given)
    Pass(compiled, rows_of(compiled, 17))
    means = seen[-1][2].mean(0)
    assert means[0] > 50 > means[1]


@pytest.mark.parametrize(
    ("target", "above"),
    [("k", "latent k\n"), ("k", "latent k\nobserved b : real\nk -> b\n"), ("c", MISSING)],
)
def test_a_network_that_learns_a_drawn_variable_moves_neither_the_model_nor_its_guide(
    target, above
):
    """What it learns is a draw of the guide, through which its own loss sends nothing."""
    text = f"{HEAD}{above}{target} -> x\n"
    compiled = compiled_of(f"{text}loss it = adversary({target} from u; {NET})\n")
    rows = rows_of(compiled, 17)
    theirs = Pass(compiled, rows, of="it (network)")
    assert {n for n in theirs.grads if not n.startswith("player.")} == set()
    assert {n for n in theirs.moving if n.startswith("player.")}
    ours = Pass(compiled, rows, of="it").moving  # hides the variable from both ends
    assert any(target in n for n in ours)
    assert any("u" in n for n in ours)


def test_a_ratio_without_norms_over_the_batch_is_read_off_the_batch_alone():
    for more in ("", ", norm=layer", ", dropout=0.1"):
        net = f"network=mlp(hidden=[4]{more})"
        text = compiled_of(f"{PLAYED}loss it = total_correlation(u, w; {net})\n").text
        assert "def density_ratio(" in text
        assert "density_ratio_together" not in text


def test_a_ratio_under_norms_over_the_batch_is_read_off_both_samples_together():
    net = "network=mlp(hidden=[4, 3], activation=tanh, norm=batch)"
    compiled = compiled_of(f"{PLAYED}loss it = total_correlation(u, w; {net})\n")
    module = compiled.module
    g = torch.Generator().manual_seed(0)
    joint, product = (torch.randn(8, 4, generator=g).double() for _ in range(2))
    joint = joint + 5  # which a norm over the joint rows alone would not see
    joint.requires_grad_()
    product.requires_grad_()
    with isolated(0) as state:
        module.training(True)
        ratio, loss = module.density_ratio_together("player.it", joint, product)
        ratio.backward()
        module.training(False)
    params = {n: v.detach() for n, v in state["params"].items()}
    logits = normed_network(params, "player.it", torch.cat([joint, product]).detach().numpy())
    assert ratio.item() == pytest.approx((logits[:8, 0] - logits[:8, 1]).mean(), abs=1e-4)
    assert loss.item() == pytest.approx(entropy(logits, np.repeat([0, 1], 8)), abs=1e-4)
    assert joint.grad.abs().sum() > 0
    assert product.grad is None
    assert all(v.grad is None for v in state["params"].values())


def normed_network(params, name, x):
    """A network of tanh layers, each normalised over the batch but the last, which is linear."""
    k = 0
    while f"{name}.{k}.weight" in params:
        x = x @ params[f"{name}.{k}.weight"].numpy().T + params[f"{name}.{k}.bias"].numpy()
        if f"{name}.{k + 1}.weight" in params:
            x = np.tanh((x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))
        k += 1
    return x


def test_a_ratio_under_norms_over_the_batch_comes_near_the_total_correlation():
    """Of a bivariate normal, which is -log(1 - rho^2) / 2."""
    net = "network=mlp(hidden=[32, 32], norm=batch)"
    module = compiled_of(f"{PLAYED}loss it = total_correlation(u, w; {net})\n").module
    module.NETWORKS["player.it"]["sizes"] = (2, 32, 32, 2)
    rho, n, found = 0.9, 500, []
    with isolated(0):
        module.weights_of("player.it")
        named = {n: v for n, v in pyro.get_param_store().named_parameters() if n.startswith("play")}
        optimiser = torch.optim.Adam(list(named.values()), lr=0.005)
        module.training(True)
        for step in range(400):
            x, y, y2 = torch.randn(3, n).double()
            joint = torch.stack([x, rho * x + (1 - rho**2) ** 0.5 * y], -1)
            product = torch.stack([torch.randn(n).double(), y2], -1)
            optimiser.zero_grad()
            ratio, loss = module.density_ratio_together("player.it", joint, product)
            loss.backward()
            optimiser.step()
            found += [ratio.item()] if step >= 300 else []
        module.training(False)
    assert np.mean(found) == pytest.approx(-0.5 * np.log(1 - rho**2), abs=0.15)


GAMES = [
    f"total_correlation(u, (w, S); {NET})",
    f"adversary(S from u; {NET})",
    f"adversary(x from (u, w); {NET})",
    f"adversary(u, w; {NET})",
    f"adversary(x, sampled(x); {NET})",
]


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("more", ["", "x ~ Normal(mlp(u, w, S; hidden=[3]), 1)\n"])
def test_neither_side_of_a_game_moves_the_other(game, more):
    compiled = compiled_of(f"{PLAYED}{more}loss it = {game}\n")
    rows = rows_of(compiled, 17)
    ours = Pass(compiled, rows, of="it").moving
    assert not any(name.startswith("player.") for name in ours)
    assert ours
    theirs = Pass(compiled, rows, of="it (network)").moving
    assert theirs
    assert all(name.startswith("player.it.") for name in theirs)


@pytest.mark.parametrize("more", ["", "c ~ mlp(u; hidden=[3])\n"])
@pytest.mark.parametrize("block", ["r", "v", "K"])
def test_a_second_batch_holds_what_the_guide_does_not_draw(more, block):
    text = """scm m
latent u, v, K
outcome c : real
control r : real
u -> c -> r
u -> v
v := 2 * u
loss near = mse(r, u)
"""
    term = f"loss apart = total_correlation({block}, u; network=mlp(hidden=[4]))\n"
    compiled = compiled_of(text + more + term)
    rows, second = rows_of(compiled), rows_of(compiled, seed=1)
    found = Pass(compiled, rows, second=second, of="apart (network)")
    assert found.terms["apart"].isfinite()
    assert "player.apart.0.weight" in found.moving


def test_a_second_batch_has_draws_in_its_unseen_cells():
    text = "scm m\nobserved c : real missing latent\nobserved d : real\nlatent u\nu -> c, d\n"
    compiled = compiled_of(text + f"loss it = total_correlation(c, u; {NET})\n")
    rows = rows_of(compiled, 9)
    rows["c"][~rows["c__seen"]] = 1e9  # what stands in an unseen cell is nothing
    seen = []
    inner = compiled.module.permuted
    compiled.module.permuted = lambda *blocks: seen.append(blocks) or inner(*blocks)
    Pass(compiled, rows)
    assert seen[-1][0].abs().max() < 1e6


# --- means in other worlds ------------------------------------------------------------------


def test_the_mean_of_a_binary_in_the_flipped_world():
    head = "scm m\nobserved a, y : binary\nlatent u\na, u -> y\n"
    _, rows, found = of("mean(abs(E[y] - E[y[a <- a']]))", head, moved={"y__a": torch.tensor(0.8)})
    p, u, a = found.params, found.value("u").numpy(), rows["a"].numpy()
    means = [expit(p["y__intercept"].item() + p["y__u"].item() * u + 0.8 * k) for k in (a, 1 - a)]
    assert found["it"] == pytest.approx(np.abs(means[0] - means[1]).mean())


@pytest.mark.parametrize("outer", ["abs", ""])
def test_other_levels_are_averaged_after_the_term_is_taken(outer):
    shift = torch.tensor([1.5, -0.4])
    head = "scm m\nobserved S : {p, q, r}\nobserved y : real\nlatent u\nS, u -> y\n"
    head += "y ~ Normal(linear(S, u), 1)\n"
    _, rows, found = of(f"mean({outer}(E[y] - E[y[S <- s']]))", head, moved={"y__S": shift})
    levels = np.array([0.0, 1.5, -0.4])
    s = rows["S"].numpy()
    value = np.abs if outer else np.asarray
    expected = [value(levels[s] - levels[(s + k) % 3]).mean() for k in (1, 2)]
    assert found["it"] == pytest.approx(np.mean(expected))


def test_a_fixed_level_and_a_number_are_worlds():
    head = "scm m\nobserved S : {p, q, r}\nobserved x, y : real\nlatent u\nS, x, u -> y\n"
    head += "y ~ Normal(linear(S, x, u), 1)\n"
    moved = {"y__S": torch.tensor([1.5, -0.4]), "y__x": torch.tensor(2.0)}
    _, rows, found = of("mean(E[y[S <- r, x <- 0.5]] - E[y])", head, moved=moved)
    levels, s, x = np.array([0.0, 1.5, -0.4]), rows["S"].numpy(), rows["x"].numpy()
    assert found["it"] == pytest.approx(((-0.4 + 1.0) - (levels[s] + 2 * x)).mean())


MEDIATOR = """scm m
observed a : binary
observed M : real
observed y : real
latent u
a -> M
a, M, u -> y
learn c, d, e = 0.7
y ~ Normal(d*a + e*M^2 + u, 1)
"""


def test_a_mediator_keeps_its_standardised_residual_in_the_other_world():
    head = MEDIATOR + "M ~ Normal(c*a, 1 + a)\n"
    _, rows, found = of("mean(abs(E[y] - E[y[a <- a']]))", head)
    a, m = rows["a"].numpy(), rows["M"].numpy()
    moved = 0.7 * (1 - a) + (2 - a) * (m - 0.7 * a) / (1 + a)
    means = [0.7 * a + 0.7 * m**2, 0.7 * (1 - a) + 0.7 * moved**2]
    assert found["it"] == pytest.approx(np.abs(means[0] - means[1]).mean())


def test_a_positive_mediator_keeps_its_residual_on_the_log_scale():
    head = MEDIATOR.replace("observed M : real", "observed M : positive")
    head += "M ~ LogNormal(c*a, 0.5)\n"
    _, rows, found = of("mean(abs(E[y] - E[y[a <- a']]))", head)
    a, m = rows["a"].numpy(), rows["M"].numpy()
    moved = np.exp(np.log(m) + 0.7 * (1 - 2 * a))
    means = [0.7 * a + 0.7 * m**2, 0.7 * (1 - a) + 0.7 * moved**2]
    assert found["it"] == pytest.approx(np.abs(means[0] - means[1]).mean())


def test_a_computed_mediator_is_computed_anew():
    head = MEDIATOR.replace("observed M : real", "latent M") + "M := 2*a\n"
    _, rows, found = of("mean(abs(E[y] - E[y[a <- a']]))", head)
    a = rows["a"].numpy()
    means = [0.7 * k + 0.7 * (2 * k) ** 2 for k in (a, 1 - a)]
    assert found["it"] == pytest.approx(np.abs(means[0] - means[1]).mean())


def test_a_latent_below_the_changed_variable_moves_with_its_own_residual():
    head = "scm m\nobserved a : binary\nobserved y : real\nlatent u\na -> u -> y\n"
    head += "u ~ Normal(3*a, 1)\ny ~ Normal(2*u, 1)\n"
    _, rows, found = of("mean(E[y] - E[y[a <- 0]])", head)
    assert found["it"] == pytest.approx(6 * rows["a"].numpy().mean())


# --- gradients ------------------------------------------------------------------------------

SMOOTH = """scm m
observed a : binary
observed x : real
outcome y : binary
latent u[2], w
u, w, a -> x, y
x ~ Normal(mlp(parents; hidden=[3], activation=tanh), 0.7)
y ~ mlp(parents; hidden=[3], activation=elu)
guide u ~ Normal(mlp(x, y; hidden=[3], activation=silu) by a; scale=logvar)
guide w ~ Normal(mlp(x, a; hidden=[2], activation=softplus, out=tanh); scale=exp)
"""


@pytest.mark.parametrize(
    "term",
    [
        "mmd(u, Normal(0, 1); kernel=gaussian(0.8))",
        "mmd((u, w) by a; kernel=laplace(0.8))",
        "mmd(u by a, Uniform(0, 1); kernel=energy, weights=count)",
        "hsic(u, (w, x); kernel=gaussian(0.9))",
        f"total_correlation(u, (w, a); {NET})",
        f"adversary(a from (u, w); {NET})",
        f"adversary(x from u; {NET})",
        f"adversary((x, u), sampled(x, u); {NET})",
        "mean(abs(E[y] - E[y[a <- a']]))",
        "mean(E[x[a <- 1]] * w)",
        "mse(mean(w), x)",
    ],
)
def test_gradients_agree_with_finite_differences(term):
    compiled = compiled_of(f"{SMOOTH}loss it = {term}\n")
    rows = rows_of(compiled, 12)
    more = {"second": rows_of(compiled, 12, seed=3)} if "total" in term else {}
    sides = ["it", "it (network)"] if "network" in term else ["it"]
    for side in sides:
        base = Pass(compiled, rows, of=side, **more)
        rng = np.random.RandomState(0)
        for name in sorted(base.moving)[:: max(1, len(base.moving) // 6)]:
            value = base.params[name]
            step = torch.zeros_like(value)
            place = tuple(rng.randint(s) for s in value.shape)
            step[place] = 1e-5
            up, down = (
                Pass(compiled, rows, of=side, moved={name: sign * step}, **more)[side]
                for sign in (1, -1)
            )
            slope = (up - down) / 2e-5
            assert base.grads[name][place].item() == pytest.approx(slope, rel=1e-4, abs=1e-7), name


# --- other worlds, of networks that are others while training -------------------------------

CHANGING = """scm m
sensitive a : binary
outcome   y : binary
latent    u
u, a -> y
y ~ mlp(u, a; hidden=[8], WORDS)
guide u ~ Normal(linear(y))
loss fair = mean(abs(E[y] - E[y[a <- a']]))
"""


@pytest.mark.parametrize("words", ["norm=batch", "dropout=0.5", "norm=batch, dropout=0.3"])
def test_a_world_is_that_of_the_networks_at_use(words):
    compiled = compiled_of(CHANGING.replace("WORDS", words))
    rows, module = rows_of(compiled, 40), compiled.module
    with isolated(3):
        module.loss_terms(rows, 40)  # makes the parameters
        module.training(True)
        module.loss_terms(rows, 40)
        before = {n: v.clone() for n, v in pyro.get_param_store().items() if "norm" in n}
        state = torch.get_rng_state()
        terms, _ = module.loss_terms(rows, 40)
        assert module.MODE["training"]
        after = {n: v.clone() for n, v in pyro.get_param_store().items() if "norm" in n}
        torch.set_rng_state(state)
        u = module.traces(rows, 40)[1].nodes["u"]["value"]
        module.training(False)
        for name, value in after.items():  # the second look has moved the running figures again
            pyro.get_param_store()[name].data.copy_(value)
        p = module.parameters()
        worlds = [module.given_y(p, u, a).mean for a in (rows["a"], 1 - rows["a"])]
    expected = (worlds[0] - worlds[1]).abs().mean().item()
    assert terms["fair"].item() == pytest.approx(expected)
    if "norm" in words:  # one pass of the batch, not one for each world
        mean = "y.0.norm.mean"
        x = torch.stack([u, rows["a"]], -1) @ p["y.0.weight"].T + p["y.0.bias"]
        assert torch.allclose(after[mean], 0.9 * before[mean] + 0.1 * x.mean(0))


def test_a_level_without_weight_makes_no_difference_though_units_are_dropped():
    compiled = compiled_of(CHANGING.replace("WORDS", "dropout=0.5"))
    rows, module = rows_of(compiled, 40), compiled.module
    with isolated(3):
        module.loss_terms(rows, 40)
        with torch.no_grad():
            pyro.get_param_store()["y.0.weight"][:, 1] = 0.0
        module.training(True)
        terms, _ = module.loss_terms(rows, 40)
    assert terms["fair"].item() == 0.0
