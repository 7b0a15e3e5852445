"""The small functions that an emitted module carries when it needs them."""

from __future__ import annotations

#: In the order in which they stand in a module; each is written only when something needs it.
HELPERS: dict[str, str] = {
    "scaled": '''
def scaled(column, value):
    """Put a value into its column's unit: standard deviations from the column's mean."""
    centre, spread = SCALES[column]
    return (value - centre) / spread
''',
    "unscaled": '''
def unscaled(column, value):
    """Take a value back from its column's unit."""
    centre, spread = SCALES[column]
    return centre + spread * value
''',
    "start_log": '''
def start_log(column):
    """Start a log-scale intercept at the column's mean."""
    centre = SCALES[column][0]
    return math.log(centre) if centre > 0 else 0.0
''',
    "start_logit": '''
def start_logit(column):
    """Start a logit-scale intercept at the column's mean."""
    centre = SCALES[column][0]
    return math.log(centre / (1 - centre)) if 0 < centre < 1 else 0.0
''',
    "stack": '''
def stack(*values):
    """Stack numbers and tensors of any shapes along a new last axis."""
    return torch.stack(torch.broadcast_tensors(*map(torch.as_tensor, values)), -1)
''',
    "step": '''
def step(value):
    """Return 1 where the value is above 0, else 0."""
    return (value > 0).to(value.dtype)
''',
    "solve": '''
def solve(inverse, p, value, *others):
    """Return the latent that gives `value`, and the log of its slope in `value`."""
    with torch.enable_grad():
        point = value.detach().requires_grad_()
        latent = inverse(p, point, *others)
        (slope,) = torch.autograd.grad(latent.sum(), point, create_graph=True)
    return latent, slope.abs().log()
''',
    "levels": '''
def levels(value, size):
    """Return a column of 0 and 1 for each level."""
    return F.one_hot(value, size).to(torch.get_default_dtype())
''',
    "join": '''
def join(*blocks):
    """Put numbers and blocks of columns side by side."""
    return torch.cat([b[..., None] if b.dim() == 1 else b for b in blocks], -1)
''',
    "columns": '''
def columns(*blocks):
    """Put blocks of columns side by side; rows that a block lacks are repeated."""
    rows = torch.broadcast_shapes(*(b.shape[:-1] for b in blocks))
    return torch.cat([b.expand(*rows, b.shape[-1]) for b in blocks], -1)
''',
    "cells": '''
def cells(value, size):
    """Repeat a number of each row in every cell of an array."""
    value = torch.as_tensor(value)
    return value[..., None].expand(*value.shape, size)
''',
    "mode": '''
# While training, networks normalise over the batch and drop units; `training(True)` says so.
MODE = {"training": False}


def training(flag):
    """Say whether the networks are being trained."""
    MODE["training"] = flag
''',
    "at_use": '''
def at_use(mechanism, *given):
    """Apply a mechanism as it is used: normalised by running figures, no units dropped."""
    before = MODE["training"]
    training(False)
    law = mechanism(*given)
    training(before)
    return law
''',
    "norm_weights": '''
def norm_weights(key, size):
    """Return the parameters of a normalisation and its running figures, which do not learn."""
    starts = {"weight": torch.ones, "bias": torch.zeros, "mean": torch.zeros, "var": torch.ones}
    return {
        f"{key}.norm.{word}": pyro.param(f"{key}.norm.{word}", lambda: start(size))
        for word, start in starts.items()
    }
''',
    "weights": '''
def weights_of(name):
    """Return the weights of a network from Pyro's store, by name."""
    net, found = NETWORKS[name], {}
    keys = [f"{name}[{k}]" for k in range(net["levels"])] if "levels" in net else [name]
    for key in keys:
        found |= PICTURES
        for k, (n_in, n_out) in enumerate(zip(net["sizes"], net["sizes"][1:])):
            spread = (2 / (n_in + n_out)) ** 0.5  # Glorot and Bengio 2010
            start = lambda: spread * torch.randn(n_out, n_in)
            found[f"{key}.{k}.weight"] = pyro.param(f"{key}.{k}.weight", start)
            found[f"{key}.{k}.bias"] = pyro.param(f"{key}.{k}.bias", lambda: torch.zeros(n_out))
    return found
''',
    "weights_full": '''
def weights_of(name):
    """Return the weights of a network from Pyro's store, by name."""
    net, found = NETWORKS[name], {}
    keys = [f"{name}[{k}]" for k in range(net["levels"])] if "levels" in net else [name]
    for key in keys:
        found |= PICTURES
        for k, (n_in, n_out) in enumerate(zip(net["sizes"], net["sizes"][1:])):
            spread = (2 / (n_in + n_out)) ** 0.5  # Glorot and Bengio 2010
            start = lambda: spread * torch.randn(n_out, n_in)
            found[f"{key}.{k}.weight"] = pyro.param(f"{key}.{k}.weight", start)
            found[f"{key}.{k}.bias"] = pyro.param(f"{key}.{k}.bias", lambda: torch.zeros(n_out))
            is_inner = k + 2 < len(net["sizes"]) or "trunk" in net or net.get("kind") == "deconv"
            if "norm" in net and is_inner:
                found |= norm_weights(f"{key}.{k}", n_out)
    return found
''',
    "normed": '''
def normed(key, x, p, kind):
    """Normalise units: each row's, or over the batch while training and by running figures else."""
    weight, bias = p[f"{key}.norm.weight"], p[f"{key}.norm.bias"]
    if kind == "layer":
        return F.layer_norm(x, x.shape[-1:], weight, bias)
    mean, var = (p[f"{key}.norm.{word}"].detach() for word in ("mean", "var"))
    flat = x.reshape(-1, x.shape[-1])
    over_batch = MODE["training"] and len(flat) > 1  # one row has no spread
    return F.batch_norm(flat, mean, var, weight, bias, over_batch).reshape(x.shape)
''',
    "dense": '''
def dense(key, x, p, net):
    """Apply dense layers: linear, then the activation, but for the last of what is no trunk."""
    last = len(net["sizes"]) - 2
    for k in range(last + 1):
        x = F.linear(x, p[f"{key}.{k}.weight"], p[f"{key}.{k}.bias"])
        if k < last or "trunk" in net:
            x = net["activation"](x)
    return net["out"](x) if "out" in net else x
''',
    "dense_full": '''
def dense(key, x, p, net):
    """Apply dense layers: linear, norm, activation, dropout; the last of no trunk is linear."""
    last = len(net["sizes"]) - 2
    for k in range(last + 1):
        x = F.linear(x, p[f"{key}.{k}.weight"], p[f"{key}.{k}.bias"])
        if k < last or "trunk" in net:
            if "norm" in net:
                x = normed(f"{key}.{k}", x, p, net["norm"])
            x = net["activation"](x)
            if "dropout" in net:
                x = F.dropout(x, net["dropout"], MODE["training"])
    return net["out"](x) if "out" in net else x
''',
    "picture_weights": '''
def picture_weights(key, net):
    """Return the weights of the convolutions of a network, blocks of 4 x 4 at steps of 2."""
    found, up = {}, net["kind"] == "deconv"
    for k, (n_in, n_out) in enumerate(zip(net["channels"], net["channels"][1:])):
        shape = (n_in, n_out, 4, 4) if up else (n_out, n_in, 4, 4)
        spread = (2 / ((4 if up else 16) * n_in)) ** 0.5  # He et al. 2015
        start = lambda: spread * torch.randn(shape)
        found[f"{key}.map{k}.weight"] = pyro.param(f"{key}.map{k}.weight", start)
        found[f"{key}.map{k}.bias"] = pyro.param(f"{key}.map{k}.bias", lambda: torch.zeros(n_out))
        if net.get("norm", "none") != "none" and not (up and k == len(net["channels"]) - 2):
            found |= norm_weights(f"{key}.map{k}", n_out)
    return found
''',
    "lifted": '''
def lifted(image, values):
    """Put numbers under an image as maps of one value each."""
    maps = values[..., None, None].expand(*values.shape, *image.shape[-2:])
    rows = torch.broadcast_shapes(image.shape[:-3], maps.shape[:-3])
    return torch.cat([v.expand(*rows, *v.shape[-3:]) for v in (image, maps)], -3)
''',
    "block": '''
def block(key, x, p, net):
    """Finish a block of maps: norm, activation, dropout of whole maps."""
    if net.get("norm", "none") == "batch":
        weight, bias = p[f"{key}.norm.weight"], p[f"{key}.norm.bias"]
        mean, var = (p[f"{key}.norm.{word}"].detach() for word in ("mean", "var"))
        over_batch = MODE["training"] and x[:, 0].numel() > 1  # one value has no spread
        x = F.batch_norm(x, mean, var, weight, bias, over_batch)
    elif "norm" in net:
        x = F.group_norm(x, 1, p[f"{key}.norm.weight"], p[f"{key}.norm.bias"])
    x = net["activation"](x)
    return F.dropout2d(x, net["dropout"], MODE["training"]) if "dropout" in net else x
''',
    "convolved": '''
def convolved(key, x, p, net):
    """Read images ``(..., channels, height, width)``: each block halves the sides."""
    rows, maps = x.shape[:-3], x.reshape(-1, *x.shape[-3:])
    for k in range(len(net["channels"]) - 1):
        weight, bias = p[f"{key}.map{k}.weight"], p[f"{key}.map{k}.bias"]
        maps = block(f"{key}.map{k}", F.conv2d(maps, weight, bias, 2, 1), p, net)
    return dense(key, maps.flatten(1).reshape(*rows, -1), p, net)
''',
    "deconvolved": '''
def deconvolved(key, x, p, net):
    """Make images from numbers ``(..., columns)``: each block doubles the sides."""
    last = len(net["channels"]) - 2
    depth, height, width = net["image"]
    inner = {k: v for k, v in net.items() if k != "out"}
    maps = dense(key, x, p, {**inner, "trunk": True})
    small = (net["channels"][0], height // 2 ** (last + 1), width // 2 ** (last + 1))
    rows, maps = x.shape[:-1], maps.reshape(-1, *small)
    for k in range(last + 1):
        weight, bias = p[f"{key}.map{k}.weight"], p[f"{key}.map{k}.bias"]
        maps = F.conv_transpose2d(maps, weight, bias, 2, 1)
        if k < last:
            maps = block(f"{key}.map{k}", maps, p, net)
    maps = net["out"](maps) if "out" in net else maps
    return maps.reshape(*rows, depth, height, width)
''',
    "network": '''
def network(key, x, p, net):
    """Apply a network of any kind."""
    kinds = {KINDS}
    return kinds.get(net.get("kind"), dense)(key, x, p, net)
''',
    "run": '''
def run(name, x, p):
    """Apply a network to rows of inputs ``(..., columns)``."""
    return dense(name, x, p, NETWORKS[name])
''',
    "run_by": '''
def run(name, x, p, level=None):
    """Apply a network to rows of inputs ``(..., columns)``; by `level`, each row's own branch."""
    net = NETWORKS[name]
    if level is None:
        return dense(name, x, p, net)
    out = dense(f"{name}[0]", x, p, net)
    for k in range(1, net["levels"]):
        own = (level == k)[EVENT]
        out = torch.where(own, dense(f"{name}[{k}]", x, p, net), out)
    return out
''',
    "run_split": '''
def run(name, x, p, level=None):
    """Apply a network to rows of inputs ``(..., columns)``; by `level`, each row's own branch.

    Where a branch normalises over the batch, it does so over its own rows.
    """
    net = NETWORKS[name]
    if level is None:
        return dense(name, x, p, net)
    if not MODE["training"] or net.get("norm") != "batch":
        out = dense(f"{name}[0]", x, p, net)
        for k in range(1, net["levels"]):
            own = (level == k)[EVENT]
            out = torch.where(own, dense(f"{name}[{k}]", x, p, net), out)
        return out
    out = None
    for k in range(net["levels"]):
        rows = (level == k).expand(ROWS)
        if rows.any():
            found = dense(f"{name}[{k}]", x[rows], p, net)
            out = found.new_zeros(*rows.shape, *found.shape[1:]) if out is None else out
            out[rows] = found
    return out
''',
    "layer": '''
def layer(name, x, size, zero=False):
    """Apply a dense layer whose weights live in Pyro's parameter store."""
    inputs = x.shape[-1]
    spread = 0.0 if zero else inputs**-0.5
    weight = pyro.param(f"{name}.weight", lambda: spread * torch.randn(inputs, size))
    return x @ weight + pyro.param(f"{name}.bias", lambda: torch.zeros(size))
''',
    "normal_heads": '''
def normal_heads(name, x, hidden, activation, skip=False, logvar=False):
    """Return location and scale of a factor that reads `x` through a small network.

    With `skip`, a linear map is added and the network itself starts at zero.
    """
    h = x
    for k, size in enumerate(hidden):
        h = activation(layer(f"{name}.{k}", h, size))
    out = layer(f"{name}.out", h, 2, zero=skip)
    if skip and hidden:
        out = out + layer(f"{name}.skip", x, 2, zero=True)
    loc, raw = out.unbind(-1)
    if skip:
        return loc, torch.exp(raw.clamp(-14.0, 6.0))
    return loc, torch.exp(0.5 * raw) if logvar else F.softplus(raw) + 1e-6
''',
    "plates": '''
@contextmanager
def plates(size, n_rows, sample):
    """Open the plate over the rows for Pyro; who keeps the draws alone needs none."""
    if sample is not pyro.sample:
        yield
        return
    with pyro.plate("rows__", size), poutine.scale(scale=(n_rows or size) / size):
        yield
''',
    "carried": '''
def carried(before, after, value):
    """Return a value in another world, at its own residual: positive ones on the log scale."""
    if isinstance(before, dist.LogNormal):
        before, after = before.base_dist, after.base_dist
        return torch.exp(after.loc + after.scale * (value.log() - before.loc) / before.scale)
    while hasattr(before, "base_dist"):
        before, after = before.base_dist, after.base_dist
    return after.loc + after.scale * (value - before.loc) / before.scale
''',
    "anew": '''
def anew(law, size):
    """Draw a variable anew in each of `size` rows, also where one law serves them all."""
    return (law if law.batch_shape else law.expand((size,))).rsample()
''',
    "remark": '''
# How often a term could not be computed on a batch, by the term and the reason.
REMARKS = {}


def remark(term, reason):
    """Note that a term could not be computed on a batch."""
    REMARKS[term, reason] = REMARKS.get((term, reason), 0) + 1
''',
    "affinity": '''
def affinity(x, y, kernel, width):
    """Return the kernel between the rows of two samples, ``(rows of x, rows of y)``."""
    x, y = x / width, y / width
    half = torch.addmm(-0.5 * (y**2).sum(-1), x, y.T) - 0.5 * (x**2).sum(-1)[:, None]
    if kernel == "gaussian":
        return torch.exp(half)  # of minus half the squared distance, in widths
    distance = torch.sqrt((-2 * half).clamp(min=1e-12))
    return -distance * width if kernel == "energy" else torch.exp(-distance)


def median_distance(x):
    """Return the median distance of different rows, the usual width of a kernel, of some 256."""
    found = torch.pdist(x.detach()[:: max(1, len(x) // 256)])
    found = found[found > 0]
    return found.median() if len(found) else torch.ones(())
''',
    "thinned": '''
def thinned(*samples, most=1024):
    """Return evenly spaced rows of long samples: a kernel between all rows would fill the memory.

    Samples of one length keep the same rows.
    """
    return [x[:: -(-len(x) // most)] if len(x) > most else x for x in samples]
''',
    "mmd": '''
def mmd(x, y, kernel, width=None):
    """Return the squared maximum mean discrepancy of two samples (Gretton et al. 2012, eq. 5)."""
    x, y = thinned(x, y)
    if width is None:
        width = median_distance(torch.cat([x, y]))
    within = affinity(x, x, kernel, width).mean() + affinity(y, y, kernel, width).mean()
    return within - 2 * affinity(x, y, kernel, width).mean()
''',
    "mmd_by": '''
def mmd_by(term, x, level, levels, kernel, width=None, reference=None, counts=False):
    """Return the discrepancy between groups of rows, or of each group to a reference.

    Groups count alike or, with `counts`, by their rows. A group without two rows is left out.
    """
    groups = [x[level == k] for k in range(levels)]
    groups = [g for g in groups if len(g) > 1]
    if reference is not None:
        found = [(len(g), mmd(g, reference(g), kernel, width)) for g in groups]
    else:
        pairs = [(a, b) for i, a in enumerate(groups) for b in groups[:i]]
        found = [(len(a) + len(b), mmd(a, b, kernel, width)) for a, b in pairs]
    if len(found) < (levels if reference is not None else levels * (levels - 1) // 2):
        remark(term, "a level has fewer than two rows")
    if not found:
        return 0.0 * x.sum()
    if counts:
        return sum(n * value for n, value in found)
    return sum(value for _, value in found) / len(found)
''',
    "hsic": '''
def hsic(term, x, y, kernel, width=None, levels=(False, False)):
    """Return the Hilbert-Schmidt independence criterion (Gretton et al. 2005, eq. 9), biased.

    Levels, as columns of 0 and 1, are alike or not.
    """
    x, y = thinned(x, y)
    n, grams = len(x), []
    if n < 2:
        remark(term, "a batch has one row")
    for z, is_level in zip((x, y), levels):
        wide = median_distance(z) if width is None and not is_level else width
        same = (z[:, None] == z).all(-1).to(z.dtype) if is_level else None
        gram = same if is_level else affinity(z, z, kernel, wide)
        grams.append(gram - gram.mean(0) - gram.mean(1, keepdim=True) + gram.mean())
    return (grams[0] * grams[1]).sum() / max(n - 1, 1) ** 2
''',
    "permuted": '''
def permuted(*blocks):
    """Put blocks side by side, the rows of each in an order of its own: as if independent."""
    return columns(*(block[torch.randperm(len(block))] for block in blocks))
''',
    "density_ratio": '''
def density_ratio(name, joint, product):
    """Return the estimated log ratio of two samples' densities, and the network's own loss.

    The samples are of one size. The ratio sends its gradient to the sample, the loss to the
    network alone: one backward pass serves both players.
    """
    p = weights_of(name)
    logits = run(name, joint, {key: value.detach() for key, value in p.items()})
    both = run(name, torch.cat([joint, product]).detach(), p)
    kind = (torch.arange(len(both)) >= len(joint)).long()
    loss = F.cross_entropy(both, kind)
    return (logits[..., 0] - logits[..., 1]).mean(), loss
''',
    "density_ratio_together": '''
def density_ratio_together(name, joint, product):
    """Return the same of a network that normalises over the batch: over both samples at once.

    The network tells them apart by where they lie in one batch, so that the ratio is read off that
    batch too, not off the sample normalised alone.
    """
    p = weights_of(name)
    both, fixed = torch.cat([joint, product.detach()]), {k: v.detach() for k, v in p.items()}
    logits = run(name, both, fixed)[: len(joint)]
    kind = (torch.arange(len(both)) >= len(joint)).long()
    loss = F.cross_entropy(run(name, both.detach(), p), kind)
    return (logits[..., 0] - logits[..., 1]).mean(), loss
''',
    "guess": '''
def guess(name, x, target, levels=None):
    """Return minus the loss of a network that learns a variable, and that loss.

    The first sends its gradient to what the network reads and to the variable where it is drawn,
    the second to the network alone.
    """

    def loss(logits, target):
        if levels is None:
            return F.mse_loss(logits[..., 0], target)
        return F.cross_entropy(logits, target.long())

    p = weights_of(name)
    fixed = {key: value.detach() for key, value in p.items()}
    return -loss(run(name, x, fixed), target), loss(run(name, x.detach(), p), target.detach())
''',
    "apart_from": '''
def apart_from(name, first, second):
    """Return minus the loss of a network that tells two samples apart, and that loss."""
    kind = torch.cat([torch.zeros(len(first)), torch.ones(len(second))]).long()
    both, p = torch.cat([first, second]), weights_of(name)
    fixed = {key: value.detach() for key, value in p.items()}
    hidden = -F.cross_entropy(run(name, both, fixed), kind)
    return hidden, F.cross_entropy(run(name, both.detach(), p), kind)
''',
    "warmup": '''
def warmup(epoch, start, end, epochs):
    """Move a weight linearly from `start` to `end` over the first `epochs`."""
    return start + (end - start) * min(1.0, epoch / epochs)
''',
    "rows_in": '''
def rows_in(data, n_rows=None):
    """Return how many rows `data` holds; `n_rows` when it holds none."""
    return len(next(iter(data.values()))) if data else n_rows
''',
}

#: The lines of `dense_full` that a module without norms leaves out.
NORM_LINES = """            if "norm" in net:
                x = normed(f"{key}.{k}", x, p, net["norm"])
"""

#: What a helper itself calls.
HELPER_NEEDS = {
    "normal_heads": ("layer",),
    "mmd": ("affinity", "thinned"),
    "mmd_by": ("mmd", "affinity", "thinned", "remark"),
    "hsic": ("affinity", "thinned", "remark"),
    "permuted": ("columns",),
    "normed": ("mode",),
    "at_use": ("mode",),
}

TRACES_TEXT = '''
def traces(data, n_rows=None, guide=guide):
    """Run the guide, then the model with the values that the guide drew."""
    drawn = poutine.trace(guide).get_trace(data, n_rows)
    return drawn, poutine.trace(poutine.replay(model, trace=drawn)).get_trace(data, n_rows)
'''

#: Of modules with networks: a step looks weights up once and keeps its draws by itself.
TRACES_WITH_WEIGHTS_TEXT = '''
class Record:
    """Keeps every site as Pyro's traces do, and reuses what `before` drew."""

    def __init__(self, size, before=None):
        self.nodes, self.size = {}, size
        self.before = {} if before is None else before.nodes

    def sample(self, name, fn, obs=None, infer=None):
        """Stand in for `pyro.sample`, without the cost of Pyro's handlers."""
        value = self.before[name]["value"] if name in self.before else obs
        if value is None:
            fn = fn if fn.batch_shape else fn.expand((self.size,))
            value = fn.rsample() if fn.has_rsample else fn.sample()
        self.nodes[name] = {
            "type": "sample",
            "fn": fn,
            "value": value,
            "is_observed": obs is not None,
            "infer": infer or {},
        }
        return value


def traces(data, n_rows=None, guide=guide, p=None, q=None):
    """Run the guide, then the model with the values that the guide drew.

    `p` and `q` are the parameters of the model and of the guide where they have been looked up.
    """
    size = rows_in(data, n_rows)
    drawn = Record(size)
    guide(data, n_rows, q, drawn.sample)
    made = Record(size, drawn)
    model(data, n_rows, p, made.sample)
    return drawn, made
'''

OBJECTIVE_TEXT = '''
def parts_of(drawn, made, n_rows):
    """Return each site's share of the negative ELBO per row.

    An observed site gives -log p; a drawn one its divergence from the model, in closed form where
    there is one. A site that is neither has nothing observed below it and integrates to one.
    """
    parts = {}
    for name, site in made.nodes.items():
        if site["type"] != "sample" or name == "rows__":
            continue
        factor = drawn.nodes.get(name)
        if site["is_observed"]:
            share = -site["fn"].log_prob(site["value"])
        elif factor is None:
            continue
        elif name in CLOSED_KL:
            share = kl_divergence(factor["fn"], site["fn"])
        else:
            share = factor["fn"].log_prob(site["value"]) - site["fn"].log_prob(site["value"])
        parts[name] = share.sum() / n_rows if name in GLOBAL else share.mean()
    return parts


def elbo_parts(data, n_rows=None, guide=guide):
    """Return the parts of the negative ELBO per row, and every value in the batch."""
    drawn, made = traces(data, n_rows, guide)
    values = {name: made.nodes[name]["value"] for name in MECHANISMS if name in made.nodes}
    return parts_of(drawn, made, n_rows or rows_in(data)), values
'''
