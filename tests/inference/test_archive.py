import contextlib
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import torch as weights_format

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import archive
from causaldsl.inference.archive import load, save
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit
from causaldsl.pipeline import compile_scm

TEXT = """scm factor
param half = 0.5
sensitive S : {a, b}
observed G : real
outcome Y : real
latent K
K, S -> G, Y
Y ~ Normal(linear(parents), half)
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.source import SourceFile

    compiled = compile_scm(SourceFile(path="/home/someone/factor.scm", text=TEXT), {"half": 0.75})
    rng = np.random.RandomState(0)
    k, s = rng.randn(60), rng.randint(0, 2, 60)
    frame = pd.DataFrame({"S": np.where(s, "b", "a"), "G": k + rng.randn(60), "Y": k - s})
    return fit(compiled, bind(frame, schema_of(compiled.scm)), config=FitConfig(epochs=5, passes=3))


@pytest.fixture
def place(fitted, tmp_path):
    path = tmp_path / "factor.fit"
    save(fitted, path)
    return path


def members(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(path, contents):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, content)


def resealed(path, **changes):
    """Change members and make their checksums right again, as a forger would."""
    contents = members(path)
    manifest = json.loads(contents["manifest.json"])
    for name, change in changes.items():
        if name == "manifest":
            change(manifest)
        else:
            key = {"model": "model.scm", "weights": "weights.safetensors"}[name]
            contents[key] = change(contents[key])
            manifest["sha256"][key] = archive._sha256(contents[key])
    contents["manifest.json"] = json.dumps(manifest).encode()
    pack(path, contents)


def code_of(path):
    with pytest.raises(InferenceError) as refused:
        load(path, compile_scm)
    return refused.value.diagnostics[0].code


def weights(change):
    def changed(content):
        tensors = weights_format.load(content)
        change(tensors)
        return weights_format.save(tensors)

    return changed


# --- there and back -------------------------------------------------------------------------


def test_a_loaded_fit_is_the_saved_one(fitted, place):
    again = load(place, compile_scm)
    assert again.state["params"].keys() == fitted.state["params"].keys()
    for name, value in fitted.state["params"].items():
        assert torch.equal(value, again.state["params"][name])
    assert fitted.params.keys() == again.params.keys()
    assert all(torch.equal(v, again.params[n]) for n, v in fitted.params.items())
    assert again.result == fitted.result
    assert again.encoding == fitted.encoding
    assert again.schema == fitted.schema
    assert again.compiled.text == fitted.compiled.text
    assert again.compiled.module.SCALES == fitted.compiled.module.SCALES


def test_overridden_hyper_parameters_come_back(place):
    assert load(place, compile_scm).compiled.scm.hyper["half"].value == 0.75


def test_equal_fits_are_equal_files(fitted, place, tmp_path):
    save(fitted, tmp_path / "again.fit")
    assert (tmp_path / "again.fit").read_bytes() == place.read_bytes()


def test_a_file_holds_text_json_and_safetensors_only(place):
    contents = members(place)
    assert set(contents) == {"model.scm", "manifest.json", "weights.safetensors"}
    assert contents["model.scm"].decode() == TEXT
    manifest = json.loads(contents["manifest.json"])
    assert manifest["format"] == archive.FORMAT
    assert set(manifest["versions"]) == {"causaldsl", "torch", "pyro", "python"}
    assert "/home" not in json.dumps(manifest)
    weights_format.load(contents["weights.safetensors"])


def test_saving_replaces_a_file_whole(fitted, place):
    place.write_bytes(b"old")
    save(fitted, place)
    load(place, compile_scm)
    assert [p.name for p in place.parent.iterdir()] == ["factor.fit"]


def test_per_row_parameters_come_back(tmp_path):
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.source import SourceFile

    text = "scm m\nobserved G : real\nlatent K\nK -> G\nguide per_row\n"
    compiled = compile_scm(SourceFile(path="m.scm", text=text))
    data = bind(pd.DataFrame({"G": np.random.RandomState(0).randn(11)}), schema_of(compiled.scm))
    made = fit(compiled, data, config=FitConfig(epochs=3, passes=2))
    save(made, tmp_path / "m.fit")
    again = load(tmp_path / "m.fit", compile_scm)
    assert torch.equal(again.state["params"]["guide.K.loc"], made.state["params"]["guide.K.loc"])


# --- refused --------------------------------------------------------------------------------


def test_no_file_and_no_zip_are_no_saved_fits(tmp_path):
    assert code_of(tmp_path / "none.fit") == "CD630"
    (tmp_path / "text.fit").write_text("hello")
    assert code_of(tmp_path / "text.fit") == "CD630"
    (tmp_path / "empty.fit").write_bytes(b"")
    assert code_of(tmp_path / "empty.fit") == "CD630"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(place, share):
    content = place.read_bytes()
    place.write_bytes(content[: int(len(content) * share)])
    assert code_of(place) == "CD631"


def test_flipped_bytes_never_load(fitted, place):
    content = bytearray(place.read_bytes())
    rng = np.random.RandomState(0)
    for position in rng.randint(0, len(content), 60):
        broken = bytearray(content)
        broken[position] ^= 0x5A
        place.write_bytes(broken)
        with contextlib.suppress(InferenceError):
            # what loads had its byte flipped where no reader looks
            assert load(place, compile_scm).result == fitted.result


def test_a_changed_member_is_refused_by_its_checksum(place):
    contents = members(place)
    pack(place, contents | {"model.scm": contents["model.scm"] + b"# more\n"})
    assert code_of(place) == "CD631"


def test_a_newer_format_is_refused_as_such(place):
    resealed(place, manifest=lambda m: m.update(format=archive.FORMAT + 1))
    assert code_of(place) == "CD632"


@pytest.mark.parametrize("name", ["../../evil.py", "/etc/passwd", "weights.pkl", "a/model.scm"])
def test_members_that_no_fit_has_are_refused(place, name):
    pack(place, members(place) | {name: b"x"})
    assert code_of(place) == "CD634"


def test_a_member_given_twice_is_refused(place):
    contents = members(place)
    with zipfile.ZipFile(place, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("model.scm", b"scm other\n")
    assert code_of(place) == "CD634"


def test_a_missing_member_is_refused(place):
    contents = members(place)
    del contents["weights.safetensors"]
    pack(place, contents)
    assert code_of(place) == "CD634"


def test_a_zip_bomb_is_refused_before_it_unpacks(place):
    pack(place, members(place) | {"weights.safetensors": bytes(64 << 20)})
    assert code_of(place) == "CD633"


def test_a_member_larger_than_its_limit_is_refused(place):
    noise = np.random.RandomState(0).bytes(5 << 20)
    pack(place, members(place) | {"model.scm": noise})
    assert code_of(place) == "CD633"


def test_a_directory_that_lies_about_sizes_is_refused(place):
    contents = members(place)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, content)
        entry = file.getinfo("weights.safetensors")
        entry.file_size -= 8
    place.write_bytes(buffer.getvalue())
    assert code_of(place) == "CD631"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(place, value):
    def break_one(tensors):
        tensors["state/G__K"] = torch.full_like(tensors["state/G__K"], value)

    resealed(place, weights=weights(break_one))
    assert code_of(place) == "CD636"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("state/G__K"),
        lambda t: t.update({"state/extra": torch.zeros(1).double()}),
        lambda t: t.update({"other/G__K": torch.zeros(1).double()}),
        lambda t: t.update({"state/G__K": torch.zeros(3).double()}),
        lambda t: t.update({"state/G__K": torch.zeros(()).float()}),
    ],
    ids=["missing", "extra", "foreign", "shape", "dtype"],
)
def test_weights_that_do_not_match_the_model_are_refused(place, change):
    def both(manifest):
        names = manifest["constraints"]
        if len(names) > 1:
            names.setdefault("extra", ["real"])

    resealed(place, weights=weights(change))
    assert code_of(place) in ("CD631", "CD635")


def test_an_extra_parameter_with_its_constraint_is_refused(place):
    extra = weights(lambda t: t.update({"state/extra": torch.zeros(1).double()}))
    resealed(place, weights=extra, manifest=lambda m: m["constraints"].update(extra=["real"]))
    assert code_of(place) == "CD635"


def test_a_changed_constraint_is_refused(place):
    resealed(place, manifest=lambda m: m["constraints"].update(G__sd=["greater_than", 0.5]))
    assert code_of(place) == "CD635"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["constraints"].update(G__sd=["os.system"]),
        lambda m: m["result"].pop("config"),
        lambda m: m["result"].update(curves=3),
        lambda m: m["encoding"].clear(),
        lambda m: m.pop("result"),
        lambda m: m.update(format="1"),
        lambda m: m["model"].pop("module"),
        lambda m: m["result"].update(n_rows=10**12),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(place, change):
    resealed(place, manifest=change)
    assert code_of(place) == "CD631"


def test_a_manifest_with_nan_is_refused(place):
    contents = members(place)
    text = contents["manifest.json"].replace(b'"elbo_se": ', b'"elbo_se": NaN, "x": ', 1)
    pack(place, contents | {"manifest.json": text})
    assert code_of(place) == "CD631"


def test_a_model_that_no_longer_compiles_is_refused_with_its_findings(place):
    resealed(place, model=lambda text: text.replace(b"K, S -> G, Y", b"K, S -> G, Z"))
    with pytest.raises(InferenceError) as refused:
        load(place, compile_scm)
    assert refused.value.diagnostics[0].code == "CD637"
    assert len(refused.value.diagnostics) > 1


def test_a_model_that_compiles_otherwise_is_said_to(place):
    resealed(place, manifest=lambda m: m["model"].update(module="0" * 64))
    found = load(place, compile_scm).result.diagnostics
    assert "CD638" in [d.code for d in found]


def test_a_place_that_cannot_be_written_is_a_finding(fitted, tmp_path):
    with pytest.raises(InferenceError) as refused:
        save(fitted, tmp_path / "no" / "m.fit")
    assert refused.value.diagnostics[0].code == "CD642"


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["schema"]["variables"].pop(),
        lambda e: e["schema"]["variables"].reverse(),
        lambda e: e["statistics"].popitem(),
        lambda e: e["schema"]["variables"][0]["domain"]["levels"].reverse(),
    ],
    ids=["fewer", "reordered", "no statistics", "levels swapped"],
)
def test_columns_that_are_not_the_models_are_refused(place, change):
    resealed(place, manifest=lambda m: change(m["encoding"]))
    assert code_of(place) in ("CD631", "CD635")
