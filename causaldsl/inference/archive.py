"""A fit in one file, and back: data only, checked before a number of it is believed.

The file is a zip of three members: the model's text, a manifest in JSON, weights in safetensors.
Reading never unpickles, never unpacks to disk, and runs nothing but the compiler's own text made
anew from the model's; the compiler is handed in, since this room stands below it.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyro
import torch
from safetensors import SafetensorError
from safetensors import torch as weights_format
from torch import Tensor

from causaldsl.data.encoding import Encoding
from causaldsl.data.schema import schema_of
from causaldsl.diagnostics.model import Diagnostic, InferenceError, ModelError
from causaldsl.inference import findings
from causaldsl.inference.checkpoint import write_atomically
from causaldsl.inference.expected import expected_state
from causaldsl.inference.fitted import FittedScm, result_from_dict, result_to_dict
from causaldsl.inference.states import constraint_data, constraints_of, state_from, unconstrained
from causaldsl.inference.svi import params_of
from causaldsl.runtime.load import CompiledScm
from causaldsl.semantics.model import Hyper
from causaldsl.source import SourceFile
from causaldsl.version import VERSION

FORMAT = 1
_MODEL, _MANIFEST, _WEIGHTS = "model.scm", "manifest.json", "weights.safetensors"
_MEMBERS = (_MODEL, _MANIFEST, _WEIGHTS)
#: Bytes that a member may unpack to. A weight is 8 bytes, and per-row guides have millions.
_LIMITS = {_MODEL: 4 << 20, _MANIFEST: 256 << 20, _WEIGHTS: 4 << 30}
_MOST_RATIO = 200  # JSON of numbers packs ten to one, a bomb a thousand to one

Compile = Callable[[SourceFile, Mapping[str, object]], CompiledScm]


# --- saving ---------------------------------------------------------------------------------


def save(fitted: FittedScm, path: Path | str) -> None:
    """Write a fit to one file, beside its place first and then renamed.

    Raises
    ------
    InferenceError
        CD642 if the file cannot be written.
    """
    tensors = {f"state/{n}": t for n, t in unconstrained(fitted.state).items()}
    tensors |= {f"draws/{n}": t.detach().contiguous() for n, t in fitted.draws.items()}
    weights = weights_format.save(tensors)
    model = fitted.compiled.scm.source.text.encode()
    manifest = json.dumps(_manifest(fitted, model, weights), indent=1, allow_nan=False).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in zip(_MEMBERS, (model, manifest, weights), strict=True):
            file.writestr(_member(name), content)
    write_atomically(Path(path), packed.getvalue())


def _member(name: str) -> zipfile.ZipInfo:
    """Return an entry without a clock in it, so that equal fits are equal files."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _manifest(fitted: FittedScm, model: bytes, weights: bytes) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "versions": versions(),
        "model": {
            "name": fitted.compiled.scm.name,
            "path": fitted.compiled.scm.source.path.replace("\\", "/").rsplit("/", 1)[-1],
            "hyper": {n: _hyper_to_json(h) for n, h in fitted.compiled.scm.hyper.items()},
            "module": _sha256(fitted.compiled.text.encode()),
        },
        "encoding": fitted.encoding.to_dict(),
        "constraints": constraints_of(fitted.state),
        "draws": list(fitted.draws),
        "result": result_to_dict(fitted.result),
        "predictors": [dict(p) for p in fitted.predictors],
        "sha256": {_MODEL: _sha256(model), _WEIGHTS: _sha256(weights)},
    }


def versions() -> dict[str, str]:
    """Return the versions that a fit was made with."""
    return {
        "causaldsl": VERSION,
        "torch": str(torch.__version__),
        "pyro": str(pyro.__version__),
        "python": platform.python_version(),
    }


def _hyper_to_json(hyper: Hyper) -> Any:  # noqa: ANN401 (JSON)
    value = hyper.value
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- loading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """Builds the finding that a file is refused with."""

    path: Path

    def __call__(self, code: str, reason: str, hint: str) -> InferenceError:
        return InferenceError([findings.refused_file(code, self.path, reason, hint)])

    def damaged(self, reason: str) -> InferenceError:
        return self("CD631", f"the saved fit is damaged: {reason}", "fit again, or copy it anew")


def load(path: Path | str, compile_model: Compile) -> FittedScm:
    """Return the fit that a file holds.

    Parameters
    ----------
    path
        The file that `save` wrote.
    compile_model
        Compiles the model's text with its hyper-parameters: ``pipeline.compile_scm``.

    Raises
    ------
    InferenceError
        CD630 to CD637: no fit, damaged, newer, beyond the limits, or not what it claims to be.
    """
    place = Path(path)
    refuse = _Refusal(path=place)
    members = _read_members(place, refuse)
    manifest = _read_manifest(members[_MANIFEST], refuse)
    for name, expected in manifest["sha256"].items():
        if name not in members or _sha256(members[name]) != expected:
            raise refuse.damaged(f"the checksum of `{name}` differs")
    if set(manifest["sha256"]) != {_MODEL, _WEIGHTS}:
        raise refuse.damaged("its checksums are incomplete")
    compiled, remarks = _compile(members[_MODEL], manifest, compile_model, refuse)
    return _assemble(compiled, manifest, _read_weights(members[_WEIGHTS], refuse), remarks, refuse)


def _read_members(path: Path, refuse: _Refusal) -> dict[str, bytes]:
    hint = "name a file that `causaldsl fit -o` wrote"
    try:
        with zipfile.ZipFile(path) as file:
            entries = file.infolist()
            names = [entry.filename for entry in entries]
            if sorted(names) != sorted(_MEMBERS):
                strange = [n for n in names if n not in _MEMBERS] or names
                shown = ", ".join(f"`{ascii(n)[1:-1][:60]}`" for n in strange[:3]) or "nothing"
                raise refuse("CD634", f"the file holds {shown}, which no saved fit does", hint)
            return {entry.filename: _read_member(file, entry, refuse) for entry in entries}
    except FileNotFoundError as error:
        raise refuse("CD630", "the file does not exist", hint) from error
    except zipfile.BadZipFile as error:
        if _begins_as_zip(path):
            raise refuse.damaged("it cannot be unpacked") from error
        raise refuse("CD630", "the file is no saved fit", hint) from error
    except (OSError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise refuse.damaged("it cannot be unpacked") from error


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _read_member(file: zipfile.ZipFile, entry: zipfile.ZipInfo, refuse: _Refusal) -> bytes:
    """Unpack one member, never more of it than its limit, whatever the directory claims."""
    limit = _LIMITS[entry.filename]
    too_large = entry.file_size > limit
    bomb = entry.file_size > (1 << 20) and entry.file_size > _MOST_RATIO * entry.compress_size
    if too_large or bomb:
        reason = f"`{entry.filename}` unpacks to {entry.file_size:,} bytes, beyond the limits"
        raise refuse("CD633", reason, "name a file that `causaldsl fit -o` wrote")
    with file.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise refuse.damaged(f"`{entry.filename}` is not as long as it says")
    return content


def _read_manifest(content: bytes, refuse: _Refusal) -> dict[str, Any]:
    try:
        manifest = json.loads(content, parse_constant=_no_constant)
        number = manifest["format"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError("the format is no number")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refuse.damaged("its manifest cannot be read") from error
    if number > FORMAT:
        made = str(manifest.get("versions", {}).get("causaldsl", "a newer version"))[:20]
        reason = (
            f"the saved fit has format {number} (causaldsl {made}), this version reads {FORMAT}"
        )
        raise refuse("CD632", reason, "read it with the version that wrote it, or a newer one")
    shapes = {"model": dict, "encoding": dict, "constraints": dict, "draws": list}
    shapes |= {"result": dict, "sha256": dict, "predictors": list}
    for key, kind in shapes.items():
        if not isinstance(manifest.get(key), kind):
            raise refuse.damaged(f"its manifest lacks `{key}`")
    return dict(manifest)


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _compile(
    model: bytes, manifest: Mapping[str, Any], compile_model: Compile, refuse: _Refusal
) -> tuple[CompiledScm, tuple[Diagnostic, ...]]:
    about = manifest["model"]
    try:
        source = SourceFile(path=str(about["path"]), text=model.decode())
        hyper = {str(n): _hyper_from_json(v) for n, v in about["hyper"].items()}
        compiled = compile_model(source, hyper)
        module = str(about["module"])
    except ModelError as error:
        reason = f"its model no longer compiles: {error.diagnostics[0].message}"
        hint = "read it with the version that wrote it"
        raise InferenceError(
            [findings.refused_file("CD637", refuse.path, reason, hint), *error.diagnostics]
        ) from error
    except (UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise refuse.damaged("its model cannot be read") from error
    if _sha256(compiled.text.encode()) == module:
        return compiled, ()
    reason = "this version compiles the model's text to another module than the one that was fitted"
    note = findings.refused_file("CD638", refuse.path, reason, "fit again")
    return compiled, (note,)


def _hyper_from_json(value: Any) -> object:  # noqa: ANN401 (JSON)
    return tuple(value) if isinstance(value, list) else value


def _read_weights(content: bytes, refuse: _Refusal) -> dict[str, Tensor]:
    try:
        return dict(weights_format.load(content))
    except (SafetensorError, ValueError, KeyError, RuntimeError, OverflowError) as error:
        raise refuse.damaged("its weights cannot be read") from error


def _assemble(
    compiled: CompiledScm,
    manifest: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    remarks: tuple[Diagnostic, ...],
    refuse: _Refusal,
) -> FittedScm:
    try:
        encoding = Encoding.from_dict(manifest["encoding"])
        known = set(encoding.statistics) == set(encoding.schema.variables)
        if not known or encoding.schema.to_dict() != schema_of(compiled.scm).to_dict():
            raise _mismatch(refuse, "its columns and levels are not the model's")
        result = result_from_dict(manifest["result"])
        state_tensors = _under(tensors, "state/")
        draws = _under(tensors, "draws/")
        if len(state_tensors) + len(draws) != len(tensors) or set(draws) != set(manifest["draws"]):
            raise _mismatch(refuse, "it holds tensors that no fit has")
        _verify_finite({**state_tensors, **draws}, refuse)
        state = state_from(state_tensors, manifest["constraints"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise refuse.damaged(f"its manifest is inconsistent ({type(error).__name__})") from error
    compiled.set_scales({n: (c, s) for n, (c, s) in encoding.scales().items()})
    compiled.set_whole(result.whole)
    _verify_state(compiled, state, result.n_rows, result.guides, refuse)
    return FittedScm(
        compiled=compiled,
        state=state,
        params=_params(compiled, state, draws),
        encoding=encoding,
        schema=encoding.schema,
        result=replace(result, diagnostics=(*result.diagnostics, *remarks)),
        draws=draws,
        predictors=tuple(dict(p) for p in manifest["predictors"]),
    )


def _params(
    compiled: CompiledScm, state: dict[str, Any], draws: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    means = {name: values.mean(0) for name, values in draws.items()}
    return params_of(compiled, state) | means


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}


def _mismatch(refuse: _Refusal, reason: str) -> InferenceError:
    return refuse("CD635", f"the weights do not match the model: {reason}", "fit again")


def _verify_finite(tensors: Mapping[str, Tensor], refuse: _Refusal) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float64:
            raise _mismatch(refuse, f"`{name}` is {tensor.dtype}, expected torch.float64")
        if not bool(torch.isfinite(tensor).all()):
            count = int((~torch.isfinite(tensor)).sum())
            reason = f"{count:,} numbers of `{name}` are not finite"
            raise refuse("CD636", f"the weights are not finite: {reason}", "fit again")


def _verify_state(
    compiled: CompiledScm,
    state: dict[str, Any],
    n_rows: int,
    guides: Iterable[str],
    refuse: _Refusal,
) -> None:
    """Compare names, shapes and constraints with what the compiled model itself asks for."""
    if not 0 < n_rows < 10**9:
        raise refuse.damaged(f"it claims {n_rows:,} rows")
    sizes = {tuple(value.shape)[:1] for value in state["params"].values()}
    # only a per-row guide asks for tables of that length, and it must have brought them
    expected = expected_state(compiled, n_rows if (n_rows,) in sizes else 1)
    foreign = sorted(set(state["params"]) - set(expected.shapes))
    if foreign:
        raise _mismatch(refuse, f"the model has no parameter `{foreign[0]}`")
    needed = (*expected.model, *(n for g in ("all", *guides) for n in expected.guides.get(g, ())))
    missing = [name for name in needed if name not in state["params"]]
    if missing:
        raise _mismatch(refuse, f"the parameter `{missing[0]}` is missing")
    for name, value in state["params"].items():
        wanted = expected.shapes[name]
        if tuple(value.shape) != wanted:
            raise _mismatch(refuse, f"`{name}` has shape {tuple(value.shape)}, expected {wanted}")
        if constraint_data(state["constraints"][name]) != expected.constraints[name]:
            raise _mismatch(refuse, f"`{name}` is constrained otherwise")
