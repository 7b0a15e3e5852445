"""Networks as text: the table of their sizes, their inputs, and the calls that run them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from causaldsl.codegen.expressions import Writer, number, write
from causaldsl.codegen.layout import fit
from causaldsl.codegen.names import quoted
from causaldsl.ir import nodes as ir
from causaldsl.ir.networks import table_of
from causaldsl.ir.passes.walk import walk

ACTIVATIONS = {
    "tanh": "torch.tanh",
    "relu": "torch.relu",
    "elu": "F.elu",
    "leaky_relu": "F.leaky_relu",
    "sigmoid": "torch.sigmoid",
    "softplus": "F.softplus",
    "gelu": "F.gelu",
    "selu": "F.selu",
    "silu": "F.silu",
    "identity": "torch.positive",
}
_SLOPES = {"leaky_relu": "negative_slope", "elu": "alpha"}


def write_table(networks: Iterable[ir.Net], w: Writer) -> str:
    """Return the table of a module's networks, and how training differs from use."""
    nets = list(networks)
    if not nets:
        return ""
    from causaldsl.codegen.pyro_module import line_comment

    lines = ["NETWORKS = {"]
    last = ""
    for net in nets:
        comment = line_comment(net.origin)
        if comment and comment != last:
            lines.append(f"    # {comment}")
            last = comment
        lines.append(_entry(net))
    lines.append("}")
    w.needs.add("weights_full" if any(n.norm != "none" for n in nets) else "weights")
    full = any(n.norm != "none" or n.dropout for n in nets)
    w.needs.add("dense_full" if full else "dense")
    if any(n.image is not None for n in nets):
        w.needs |= {"block", "network", "picture_weights"}
        w.needs |= {"convolved"} if any(n.kind == "conv" for n in nets) else set()
        w.needs |= {"deconvolved"} if any(n.kind == "deconv" for n in nets) else set()
    if any(n.norm != "none" for n in nets):
        w.needs |= {"normed", "norm_weights"}
    if any(n.norm == "batch" or n.dropout for n in nets):
        w.needs.add("mode")
    if any(n.by is not None for n in nets):
        split = any(n.by is not None and n.norm == "batch" for n in nets)
        w.needs.add("run_split" if split else "run_by")
    else:
        w.needs.add("run")
    return "\n".join(lines) + "\n"


def _entry(net: ir.Net) -> str:
    sizes = [sum(i.width for i in net.inputs), *net.hidden]
    sizes += [] if net.outputs is None else [net.outputs]
    act = ACTIVATIONS[net.activation]
    if net.slope is not None and net.activation in _SLOPES:
        act = f"lambda x: {act}(x, {_SLOPES[net.activation]}={number(net.slope)})"
        act = act if net.slope != _default_slope(net.activation) else ACTIVATIONS[net.activation]
    words = [f'"activation": {act}']
    if net.image is None:
        comma = "," if len(sizes) == 1 else ""
        words.insert(0, f'"sizes": ({", ".join(map(str, sizes))}{comma})')
    else:
        words = [*_picture_words(net), *words]
    if net.by is not None:
        words.append(f'"levels": {net.levels}')
    if net.norm != "none":
        words.append(f'"norm": {quoted(net.norm)}')
    if net.dropout:
        words.append(f'"dropout": {number(net.dropout)}')
    if net.out != "identity":
        words.append(f'"out": {ACTIVATIONS[net.out]}')
    if net.outputs is None:
        words.append('"trunk": True')
    flat = f"    {quoted(net.name)}: {{{', '.join(words)}}},"
    if len(flat) <= 100:
        return flat
    inner = "".join(f"        {word},\n" for word in words)
    return f"    {quoted(net.name)}: {{\n{inner}    }},"


def picture_sizes(net: ir.Net) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the channels of a convolution's blocks, and the widths of its dense layers."""
    depth, height, width = net.image or (0, 0, 0)
    halves = 2 ** len(net.channels)
    small = (height // halves) * (width // halves)
    if net.kind == "conv":
        extra = sum(i.width for i in net.inputs) - depth * height * width
        dense = [net.channels[-1] * small, *net.hidden]
        dense += [] if net.outputs is None else [net.outputs]
        return (depth + extra, *net.channels), tuple(dense)
    inputs = sum(i.width for i in net.inputs)
    return (*net.channels, depth), (inputs, *net.hidden, net.channels[0] * small)


def _picture_words(net: ir.Net) -> list[str]:
    channels, dense = picture_sizes(net)
    shape = ", ".join(map(str, net.image or ()))
    return [
        f'"kind": {quoted(net.kind)}',
        f'"image": ({shape})',
        f'"channels": ({", ".join(map(str, channels))})',
        f'"sizes": ({", ".join(map(str, dense))}{"," if len(dense) == 1 else ""})',
    ]


def _default_slope(activation: str) -> float:
    return {"leaky_relu": 0.01, "elu": 1.0}[activation]


# --- calls ----------------------------------------------------------------------------------


def call(net: ir.Net, w: Writer, weights: str = "p") -> str:
    """Return the call that runs a network with the given weights."""
    arguments = [quoted(net.name), inputs(net, w, weights), weights]
    if net.by is not None:
        arguments.append(f"level={w.variables[net.by]}{'_drawn' if net.by_drawn else ''}")
    return f"run({', '.join(arguments)})"


def inputs(net: ir.Net, w: Writer, weights: str) -> str:
    """Return a network's inputs side by side; those of a `conv` as maps under its image."""
    if net.kind == "conv":
        return _maps(net, w, weights)
    blocks: list[str] = []
    numbers: list[str] = []

    def close() -> None:
        if numbers:
            w.needs.add("stack")
            blocks.append(f"stack({', '.join(numbers)})")
            numbers.clear()

    for given in net.inputs:
        if isinstance(given.value, ir.Net):
            close()
            blocks.append(call(given.value, w, weights))
            continue
        is_block, texts = _input(given, w)
        if is_block:
            close()
            blocks += texts
        else:
            numbers += texts
    close()
    if len(blocks) == 1:
        return blocks[0]
    w.needs.add("columns")
    return f"columns({', '.join(blocks)})"


def _maps(net: ir.Net, w: Writer, weights: str) -> str:
    images = [i for i in net.inputs if i.event == 3 and isinstance(i.value, ir.Var)]
    others = tuple(i for i in net.inputs if i not in images)
    texts = [write(i.value, w) for i in images if not isinstance(i.value, ir.Net)]
    if not others:
        return texts[0]
    w.needs.add("lifted")
    stub = replace(net, kind="mlp", inputs=others)
    return f"lifted({texts[0]}, {inputs(stub, w, weights)})"


def _input(given: ir.NetInput, w: Writer) -> tuple[bool, list[str]]:
    """Return whether an input is a block of columns, and its text."""
    assert not isinstance(given.value, ir.Net)
    text = write(given.value, w)
    if isinstance(given.value, ir.Var) and given.drawn:
        text = f"{text}_drawn"
    if given.levels is not None:
        w.needs.add("levels")
        block = f"levels({text}, {given.levels})"
        return True, [f"{block}.flatten(-2)" if given.event else block]
    if given.scale is not None:
        w.needs.add("scaled")
        text = f"scaled({quoted(given.scale)}, {text})"
    if given.masked and isinstance(given.value, ir.Var):
        seen = f"data[{quoted(given.value.name + '__seen')}]"
        return False, [f"torch.where({seen}, {text}, 0.0)", f"{seen}.to(torch.get_default_dtype())"]
    if given.event == 3:
        return True, [f"{text}.flatten(-3)"]
    return given.event == 1, [text]


def top_networks(nodes: Iterable[ir.Ir]) -> dict[str, ir.Net]:
    """Return the networks whose heads some expressions read, trunks left out."""
    return table_of(n.net for node in nodes for n in walk(node) if isinstance(n, ir.Head))


def assignments(nodes: Iterable[ir.Ir], w: Writer, weights: str, depth: int) -> list[str]:
    """Return lines that run the networks of some expressions, and note their names in `w.heads`.

    A network that has a name already is not run again.
    """
    lines = []
    for name, net in top_networks(nodes).items():
        if name in w.heads:
            continue
        taken = set(w.heads.values())
        local, k = "heads", 2
        while local in taken:
            local, k = f"heads{k}", k + 1
        lines.append(fit(f"{local} = ", call(net, w, weights), depth))
        w.heads[name] = local
    return lines
