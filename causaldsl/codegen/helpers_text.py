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

#: What a helper itself calls.
HELPER_NEEDS = {"normal_heads": ("layer",)}

OBJECTIVE_TEXT = '''
def traces(data, n_rows=None, guide=guide):
    """Run the guide, then the model with the values that the guide drew."""
    drawn = poutine.trace(guide).get_trace(data, n_rows)
    return drawn, poutine.trace(poutine.replay(model, trace=drawn)).get_trace(data, n_rows)


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
