"""IR expressions and families as Python text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from causaldsl.codegen.names import quoted
from causaldsl.diagnostics.model import InternalError
from causaldsl.ir import nodes as ir
from causaldsl.ir.passes.walk import walk
from causaldsl.vocabulary.domains import Binary, Domain

#: Binding strengths, as Python's.
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = 1, 2, 3, 4, 5
_STRENGTH = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}

_TORCH = {
    "exp": "torch.exp",
    "log": "torch.log",
    "sqrt": "torch.sqrt",
    "abs": "torch.abs",
    "sigmoid": "torch.sigmoid",
}
_MATH = {"exp": "math.exp", "log": "math.log", "sqrt": "math.sqrt", "abs": "abs"}


@dataclass(slots=True)
class Writer:
    """The names in scope, and which helpers the text needs.

    In a loss, `values` say what a variable is in the batch and `means` what its posterior mean is.
    """

    variables: Mapping[str, str]
    hyper: Mapping[str, str]
    domains: Mapping[str, Domain]
    needs: set[str] = field(default_factory=set)
    constants: dict[str, tuple[float, ...]] = field(default_factory=dict)
    constant_names: dict[tuple[str, tuple[float, ...]], str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    has_auxiliaries: bool = False
    hoists: bool = False
    guide_has_networks: bool = False
    guide_draws: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)
    means: dict[str, str] = field(default_factory=dict)

    @property
    def sample(self) -> str:
        """What draws a site: Pyro, or in modules with networks whatever the caller hands in."""
        return "sample" if self.hoists else "pyro.sample"

    def index(self, name: str) -> str:
        """Return a variable as an index of a table."""
        text = self.variables[name]
        return f"{text}.long()" if isinstance(self.domains[name], Binary) else text

    def parameter(self, name: str) -> str:
        """Return how a parameter is read."""
        return f"p[{quoted(name)}]"


def number(value: float) -> str:
    """Return a number as Python text that reads back to the same float."""
    return repr(float(value))


def is_tensor(node: ir.Ir) -> bool:
    """Whether the text of an expression is a tensor rather than a Python number."""
    kinds = (
        ir.Var
        | ir.Par
        | ir.Code
        | ir.Constants
        | ir.At
        | ir.Pick
        | ir.Linear
        | ir.Vector
        | ir.Head
        | ir.Cells
    )
    return any(isinstance(here, kinds) for here in walk(node))


def write(node: ir.Ir, w: Writer) -> str:
    """Return an expression as text."""
    return _write(node, w)[0]


def _write(node: ir.Ir, w: Writer) -> tuple[str, int]:
    match node:
        case ir.Num(value):
            text = number(value)
            return (text, _ATOM) if value >= 0 else (text, _UNARY)
        case ir.Var(name) | ir.Code(name):
            return w.variables[name], _ATOM
        case ir.Par(name):
            return w.parameter(name), _ATOM
        case ir.Hyp(name):
            return w.hyper[name], _ATOM
        case ir.Constants():
            return _constants(node, w), _ATOM
        case ir.At(table, by):
            places = ", ".join(w.index(v) if isinstance(v, str) else str(v) for v in by)
            return f"{write(table, w)}[{places}]", _ATOM
        case ir.Pick(ir.Var(name), position):
            return f"{w.variables[name]}[..., {position}]", _ATOM
        case ir.Pick(table, position):
            return f"{write(table, w)}[{position}]", _ATOM
        case ir.Head() | ir.Spread() | ir.StartOf() | ir.Cells():
            return write_network_part(node, w)
        case ir.Neg(value):
            return f"-{_inside(value, w, _UNARY)}", _UNARY
        case ir.Op():
            return _write_op(node, w)
        case ir.Fn(name, inputs):
            return _write_function(name, inputs, w), _ATOM
        case ir.Vector(items):
            w.needs.add("stack")
            return f"stack({', '.join(write(i, w) for i in items)})", _ATOM
        case ir.Linear():
            return _write_linear(node, w)
        case ir.Rescale(column, value, shift):
            if shift:
                w.needs.add("unscaled")
                return f"unscaled({quoted(column)}, {write(value, w)})", _ATOM
            return f"SCALES[{quoted(column)}][1] * {_inside(value, w, _PRODUCT)}", _PRODUCT
    raise InternalError(f"CD901: no text for {type(node).__name__}")


def write_network_part(
    node: ir.Head | ir.Spread | ir.StartOf | ir.Cells, w: Writer
) -> tuple[str, int]:
    """Return what stands around a network as text: its heads, their links, an array's cells."""
    match node:
        case ir.Head(net, start, size):
            heads = w.heads[net.name]
            if start is None:
                return heads, _ATOM
            place = f"{start}" if size is None else f"{start}:{start + size}"
            whole = size is not None and start == 0 and size == net.width
            return (heads if whole else f"{heads}[..., {place}]"), _ATOM
        case ir.Spread("exp", value):
            return f"torch.exp({write(value, w)})", _ATOM
        case ir.Spread("logvar", value):
            return f"torch.exp(0.5 * {_inside(value, w, _PRODUCT)})", _ATOM
        case ir.Spread(_, value):
            return f"F.softplus({write(value, w)}) + 1e-6", _SUM
        case ir.StartOf(rule, column):
            helper = "start_log" if rule == "log_centre" else "start_logit"
            w.needs.add(helper)
            return f"{helper}({quoted(column)})", _ATOM
        case ir.Cells(ir.Num(0.0), size):
            return f"torch.zeros({size})", _ATOM
        case ir.Cells(ir.Num(value), size):
            return f"torch.full(({size},), {number(value)})", _ATOM
        case ir.Cells(value, size):
            w.needs.add("cells")
            return f"cells({write(value, w)}, {size})", _ATOM


def _inside(node: ir.Ir, w: Writer, strength: int) -> str:
    text, own = _write(node, w)
    return f"({text})" if own < strength else text


def _write_op(node: ir.Op, w: Writer) -> tuple[str, int]:
    strength = _STRENGTH[node.op]
    if node.op == "^":
        base, power = _inside(node.left, w, _ATOM), _inside(node.right, w, _UNARY)
        simple = all(
            t.lstrip("-").replace(".", "").isidentifier() or _is_number(t) for t in (base, power)
        )
        return (f"{base}**{power}" if simple else f"{base} ** {power}"), strength
    left = _inside(node.left, w, strength)
    right = _inside(node.right, w, strength + (node.op in "-/"))
    return f"{left} {node.op} {right}", strength


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _constants(node: ir.Constants, w: Writer) -> str:
    if node.name is None:
        return f"torch.tensor([{', '.join(number(v) for v in node.values)}])"
    key = (node.name, node.values)
    if key not in w.constant_names:
        base = w.hyper[node.name]
        others = {*w.variables.values(), *w.hyper.values()} - {base}
        name, k = base, 2
        while name in w.constants or name in others:
            name, k = f"{base}{k}", k + 1
        w.constants[name] = node.values
        w.constant_names[key] = name
    return w.constant_names[key]


def _write_function(name: str, inputs: tuple[ir.Ir, ...], w: Writer) -> str:
    texts = [write(i, w) for i in inputs]
    tensors = [is_tensor(i) for i in inputs]
    if name in ("min", "max"):
        return _extremum(name, texts, tensors)
    if not any(tensors):
        if name == "sigmoid":
            return f"(1.0 / (1.0 + math.exp(-({texts[0]}))))"
        if name == "step":
            return f"float({texts[0]} > 0)"
        if name == "clip":
            return f"min(max({texts[0]}, {texts[1]}), {texts[2]})"
        return f"{_MATH[name]}({', '.join(texts)})"
    match name:
        case "clip" if tensors == [True, False, False]:
            return f"torch.clamp({', '.join(texts)})"
        case "clip":
            above = _extremum("max", texts[:2], tensors[:2])
            return _extremum("min", [above, texts[2]], [any(tensors[:2]), tensors[2]])
        case "step":
            w.needs.add("step")
            return f"step({texts[0]})"
        case "softmax":
            if len(inputs) > 1:
                w.needs.add("stack")
                return f"torch.softmax(stack({', '.join(texts)}), -1)"
            return f"torch.softmax({texts[0]}, -1)"
        case _:
            return f"{_TORCH[name]}({', '.join(texts)})"


def _extremum(name: str, texts: list[str], tensors: list[bool]) -> str:
    if not any(tensors):
        return f"{name}({', '.join(texts)})"
    bound = "min" if name == "max" else "max"
    result = next(t for t, is_t in zip(texts, tensors, strict=True) if is_t)
    skipped = False
    for text, tensor in zip(texts, tensors, strict=True):
        if tensor and not skipped and text == result:
            skipped = True
        elif tensor:
            result = f"torch.{name}imum({result}, {text})"
        else:
            result = f"torch.clamp({result}, {bound}={text})"
    return result


def _write_linear(node: ir.Linear, w: Writer) -> tuple[str, int]:
    vector = node.outputs is not None
    pieces = [] if node.intercept is None else [w.parameter(node.intercept)]
    pieces += [_write_term(t, vector, w) for t in node.terms]
    total = " + ".join(pieces) if pieces else "torch.zeros(())"
    if vector:
        return f"F.pad({total}, (1, 0))", _ATOM
    return total, _SUM if len(pieces) > 1 else _PRODUCT


def _write_term(term: ir.Term, vector: bool, w: Writer) -> str:
    weight = w.parameter(term.weight)
    if term.levels is not None and isinstance(term.value, ir.Var):
        padding = "(0, 0, 1, 0)" if vector else "(1, 0)"
        table = f"F.pad({weight}, {padding})" if term.reference else weight
        return f"{table}[{w.index(term.value.name)}]"
    value = _inside(term.value, w, _PRODUCT)
    if term.scale is not None and not term.centred:
        value = f"({write(term.value, w)} / SCALES[{quoted(term.scale)}][1])"
    elif term.scale is not None:
        w.needs.add("scaled")
        value = f"scaled({quoted(term.scale)}, {write(term.value, w)})"
    elif vector:
        value = _inside(term.value, w, _ATOM)
    if vector and is_tensor(term.value):
        value = f"{value}[..., None]"
    return f"{weight} * {value}"


# --- families -------------------------------------------------------------------------------

Arguments = Mapping[str, str]


def _beta(a: Arguments) -> str:
    if "a" in a:
        return f"dist.Beta({a['a']}, {a['b']})"
    mean = f"torch.sigmoid({a['logit_mean']})"
    return f"dist.Beta({a['concentration']} * {mean}, {a['concentration']} * (1 - {mean}))"


def _poisson(a: Arguments) -> str:
    rate = f"torch.exp({a['log_rate']})" if "log_rate" in a else a["rate"]
    return f"dist.Poisson({rate})"


def _by_logits(name: str, probability: str) -> Callable[[Arguments], str]:
    def write_family(a: Arguments) -> str:
        return (
            f"dist.{name}(logits={a['logits']})"
            if "logits" in a
            else f"dist.{name}(probs={a[probability]})"
        )

    return write_family


def _binomial(a: Arguments) -> str:
    kind = "logits" if "logits" in a else "probs"
    return f"dist.Binomial({a['trials']}, {kind}={a.get('logits') or a['probability']})"


def _negative_binomial(a: Arguments) -> str:
    log_mean = a["log_rate"] if "log_rate" in a else f"torch.log(torch.as_tensor({a['mean']}))"
    log_size = f"torch.log(torch.as_tensor({a['dispersion']}))"
    return f"dist.NegativeBinomial({a['dispersion']}, logits={log_mean} - {log_size})"


def _ordered_logit(a: Arguments) -> str:
    predictor = a["predictor"]
    tensor = f"torch.tensor({predictor})" if _is_number(predictor) else predictor
    return f"dist.OrderedLogistic({tensor}, {a['cutpoints']})"


def _plain(name: str, *keys: str) -> Callable[[Arguments], str]:
    def write_family(a: Arguments) -> str:
        return f"dist.{name}({', '.join(a[k] for k in keys)})"

    return write_family


#: How each family of the vocabulary is written.
FAMILY_TEXT: dict[str, Callable[[Arguments], str]] = {
    "Normal": _plain("Normal", "mean", "sd"),
    "Laplace": _plain("Laplace", "mean", "scale"),
    "StudentT": _plain("StudentT", "df", "mean", "scale"),
    "Uniform": _plain("Uniform", "low", "high"),
    "LogNormal": _plain("LogNormal", "mean", "sd"),
    "Exponential": _plain("Exponential", "rate"),
    "Gamma": _plain("Gamma", "shape", "rate"),
    "InverseGamma": _plain("InverseGamma", "shape", "scale"),
    "HalfNormal": _plain("HalfNormal", "scale"),
    "HalfCauchy": _plain("HalfCauchy", "scale"),
    "Beta": _beta,
    "Bernoulli": _by_logits("Bernoulli", "probability"),
    "Binomial": _binomial,
    "Poisson": _poisson,
    "NegativeBinomial": _negative_binomial,
    "Categorical": _by_logits("Categorical", "probabilities"),
    "OrderedLogit": _ordered_logit,
    "Dirichlet": _plain("Dirichlet", "concentration"),
}
