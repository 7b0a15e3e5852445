"""Networks of mechanisms, guides and losses: `mlp`, `conv`, `deconv`, trunks and branches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir.refusals import Refused
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Categorical, Domain, Image, Ordered, levels_of
from causaldsl.vocabulary.networks import ACTIVATIONS

#: Networks of the language that are compiled as such; a `linear` joins them beside an array.
NETWORK_CALLS = ("mlp", "conv", "deconv")

Lower = Callable[[nodes.Expression], ir.Ir]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a network's inputs are read: the model, what is known, how to lower and to refuse.

    `known` are the variables that may be read, everything when `None`; what lies outside is left
    out (a guide for less evidence reads less). `predicted` are observed variables whose draws an
    auxiliary guide makes; one outside the evidence is read as that draw.
    """

    scm: Scm
    lower: Lower
    refuse: Callable[..., Diagnostic]
    known: frozenset[str] | None = None
    predicted: frozenset[str] = frozenset()
    masks: bool = False

    def domain(self, name: str) -> Domain:
        """Return the domain of a variable."""
        return self.scm.variables[name].domain


def event_of(scm: Scm, name: str) -> tuple[int, ...]:
    """Return the shape of one row's value of a variable."""
    variable = scm.variables[name]
    if isinstance(variable.domain, Image):
        return (variable.domain.channels, variable.domain.height, variable.domain.width)
    return () if variable.size is None else (variable.size,)


def is_network(node: nodes.Expression) -> bool:
    """Whether an expression is a network, perhaps with a branch."""
    match node:
        case nodes.By(body=body):
            return is_network(body)
        case nodes.Call(name=name):
            return name in NETWORK_CALLS or name == "linear"
        case _:
            return False


def needs_network(node: nodes.Expression, scm: Scm, target_size: int | None) -> bool:
    """Whether an expression is compiled as a network: a branch, a `linear` of or for arrays too."""
    match node:
        case nodes.By():
            return is_network(node)
        case nodes.Call(name="linear", inputs=inputs):
            reads = any(
                isinstance(i, nodes.Name) and i.name in scm.variables and event_of(scm, i.name)
                for i in inputs
            )
            return reads or target_size is not None
        case nodes.Call(name=name):
            return name in NETWORK_CALLS
        case _:
            return False


def lower_network(
    node: nodes.Expression,
    reader: Reader,
    name: str,
    outputs: int | None,
    image: tuple[int, int, int] | None = None,
) -> ir.Net:
    """Return a network called `name`, with its trunks; ``outputs=None`` ends at the last hidden.

    `image` is the shape that a `deconv` gives.

    Raises
    ------
    Refused
        For what cannot be a network's input here.
    """
    branch: str | None = None
    drawn = False
    if isinstance(node, nodes.By):
        branch, drawn = _branch(node.branch, reader)
        node = node.body
    if not isinstance(node, nodes.Call) or not is_network(node):
        raise Refused(reader.refuse("this form of a network", node.span))
    settings = {s.name: s.value for s in node.settings}
    for word in ("prior", "intercept"):
        if word in settings:
            what = f"the setting `{word}` of a `linear` of arrays or branches"
            raise Refused(reader.refuse(what, settings[word].span))
    inputs = tuple(_inputs(node.inputs, reader, name))
    activation, slope = _activation(settings.get("activation"), reader)
    is_convolution = node.name in ("conv", "deconv")
    channels = sizes(settings["channels"], reader) if "channels" in settings else ()
    if is_convolution and not channels:
        raise Refused(reader.refuse(f"`{node.name}` without `channels`", node.name_span))
    kind = "mlp" if node.name == "linear" else node.name
    if node.name == "conv":
        image = _image_of(inputs, reader)
        if image is None and reader.known is not None:  # the image is not in this evidence
            kind, is_convolution, channels = "mlp", False, ()
    if is_convolution and image is None:
        raise Refused(reader.refuse(f"`{node.name}` without an image", node.name_span))
    if is_convolution and image is not None:
        _check_halves(image, len(channels), node, reader)
    return ir.Net(
        name=name,
        kind=kind,  # type: ignore[arg-type]  # one of the three words
        inputs=inputs,
        hidden=sizes(settings["hidden"], reader) if "hidden" in settings else (),
        outputs=outputs,
        activation=activation,
        slope=slope,
        norm=_word(settings.get("norm"), reader, "none"),  # type: ignore[arg-type]  # a checked word
        dropout=_number(settings.get("dropout"), reader, 0.0),
        out=_word(settings.get("out"), reader, "identity"),
        by=branch,
        by_drawn=drawn,
        levels=0 if branch is None else len(levels_of(reader.domain(branch)) or ()),
        channels=channels,
        image=image if is_convolution else None,
        origin=node.span,
    )


def _check_halves(
    image: tuple[int, int, int], blocks: int, node: nodes.Call, reader: Reader
) -> None:
    """Refuse more blocks than a picture can be halved: each halves (or doubles) its sides."""
    if any(side % 2**blocks for side in image[1:]):
        what = (
            f"{blocks} `channels` of a {image[1]} x {image[2]} image, whose sides are no multiples "
            f"of {2**blocks},"
        )
        raise Refused(reader.refuse(what, node.span))


# --- inputs ---------------------------------------------------------------------------------


def _branch(node: nodes.Expression, reader: Reader) -> tuple[str | None, bool]:
    drawn = False
    if isinstance(node, nodes.Call) and node.name == "sampled":
        node, drawn = node.inputs[0], True
    if not isinstance(node, nodes.Name):
        raise Refused(reader.refuse("a branch that is no variable", node.span))
    name = node.name
    if reader.known is not None and name not in reader.known:
        if name not in reader.predicted:
            return None, False
        drawn = True
    if name in reader.predicted:
        return name, drawn
    return name, False


def _inputs(
    values: tuple[nodes.Expression, ...], reader: Reader, name: str
) -> Iterator[ir.NetInput]:
    trunks = 0
    for value in values:
        if is_network(value):
            trunks += 1
            stem = f"{name}.trunk" if trunks == 1 else f"{name}.trunk{trunks}"
            trunk = lower_network(value, reader, stem, None)
            if trunk.inputs:
                yield ir.NetInput(value=trunk, width=trunk.width)
            continue
        found = _input(value, reader)
        if found is not None:
            yield found


def _input(value: nodes.Expression, reader: Reader) -> ir.NetInput | None:
    drawn = False
    if isinstance(value, nodes.Call) and value.name == "sampled":
        value, drawn = value.inputs[0], True
    if isinstance(value, nodes.Table | nodes.ListOf):
        raise Refused(reader.refuse("a table or a list among the inputs of a network", value.span))
    if not isinstance(value, nodes.Name) or value.name not in reader.scm.variables:
        if reader.known is not None:
            raise Refused(reader.refuse("an input that is no plain variable", value.span))
        return ir.NetInput(value=reader.lower(value), width=1)
    name = value.name
    if reader.known is not None and name not in reader.known:
        if name not in reader.predicted:
            if not reader.scm.variables[name].is_observed:
                what = f"`{name}`, which no guide draws,"
                raise Refused(reader.refuse(what, value.span))
            return None
        drawn = True
    return variable_input(name, reader, drawn=drawn and name in reader.predicted)


def variable_input(name: str, reader: Reader, *, drawn: bool = False) -> ir.NetInput:
    """Return how a variable enters a network."""
    domain, event = reader.domain(name), event_of(reader.scm, name)
    variable = reader.scm.variables[name]
    cells = math.prod(event)
    if isinstance(domain, Categorical | Ordered):
        levels = len(domain.levels)
        return ir.NetInput(
            value=ir.Var(name), width=cells * levels, levels=levels, event=len(event), drawn=drawn
        )
    plain = not variable.is_observed or levels_of(domain) is not None
    scale = None if plain or isinstance(domain, Image) else name
    masked = reader.masks and variable.is_observed and variable.missing == "latent"
    return ir.NetInput(
        value=ir.Var(name),
        width=cells + (1 if masked else 0),
        scale=scale,
        event=len(event),
        drawn=drawn,
        masked=masked,
    )


def _image_of(inputs: tuple[ir.NetInput, ...], reader: Reader) -> tuple[int, int, int] | None:
    for given in inputs:
        if isinstance(given.value, ir.Var):
            domain = reader.domain(given.value.name)
            if isinstance(domain, Image):
                return (domain.channels, domain.height, domain.width)
    return None


# --- settings -------------------------------------------------------------------------------


def sizes(node: nodes.Expression, reader: Reader) -> tuple[int, ...]:
    """Return a list of whole numbers, written out or a `param`."""
    match node:
        case nodes.ListOf(items=items):
            return tuple(n for item in items for n in sizes(item, reader))
        case nodes.Number(value=value):
            return (int(value),)
        case nodes.Name(name=name) if name in reader.scm.hyper:
            given = reader.scm.hyper[name].value
            if isinstance(given, tuple):
                return tuple(int(v) for v in given)
            if isinstance(given, int | float):
                return (int(given),)
        case _:
            pass
    raise Refused(reader.refuse("this width", node.span))


def _word(node: nodes.Expression | None, reader: Reader, default: str) -> str:
    if node is None:
        return default
    if isinstance(node, nodes.Name):
        hyper = reader.scm.hyper.get(node.name)
        return str(hyper.value) if hyper is not None else node.name
    raise Refused(reader.refuse("this word", node.span))


def _number(node: nodes.Expression | None, reader: Reader, default: float) -> float:
    match node:
        case None:
            return default
        case nodes.Number(value=value):
            return value
        case nodes.Name(name=name) if name in reader.scm.hyper:
            given = reader.scm.hyper[name].value
            if isinstance(given, int | float):
                return float(given)
        case _:
            pass
    raise Refused(reader.refuse("this number", node.span))


def _activation(node: nodes.Expression | None, reader: Reader) -> tuple[str, float | None]:
    if isinstance(node, nodes.Call):
        return node.name, _number(node.inputs[0], reader, 0.0) if node.inputs else None
    word = _word(node, reader, "relu")
    return word, ACTIVATIONS.get(word)


def table_of(networks: Iterator[ir.Net]) -> dict[str, ir.Net]:
    """Return networks by name, each once, in the order of their first use."""
    found: dict[str, ir.Net] = {}
    for net in networks:
        found.setdefault(net.name, net)
    return found


def spread(kind: str, value: ir.Ir) -> ir.Spread:
    """Return how a scale's head is read."""
    return ir.Spread(kind, value)  # type: ignore[arg-type]  # a checked word


def words_of(settings: Mapping[str, nodes.Expression]) -> dict[str, str]:
    """Return settings that are plain words."""
    return {k: v.name for k, v in settings.items() if isinstance(v, nodes.Name)}
