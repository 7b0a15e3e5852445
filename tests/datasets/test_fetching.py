from __future__ import annotations

import csv
import hashlib
import http.server
import io
import threading
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from causaldsl.data.tables import read_table
from causaldsl.datasets import registry
from causaldsl.datasets.compas import COLUMNS, keep_columns
from causaldsl.datasets.dataset import DataFile, DataSet
from causaldsl.datasets.registry import DATASETS, fetch, load, path_of
from causaldsl.diagnostics.model import DataError
from causaldsl.diagnostics.progress import Progress

CONTENT = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(30_000))


def file_of(name: str, content: bytes, url: str = "https://example.invalid/f") -> DataFile:
    return DataFile(
        name=name, url=url, sha256=hashlib.sha256(content).hexdigest(), n_bytes=len(content)
    )


def toy(*files: DataFile) -> DataSet:
    return DataSet(
        name="toy",
        folder="toy_folder",
        title="a toy",
        files=files,
        parts=MappingProxyType({"all": 30_000}),
        read=lambda folder, part: read_table(folder / files[0].name),
        citation="nobody",
        terms="none",
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's cache and data folders out of these tests; one set, `toy`, is there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CAUSALDSL_DATA", raising=False)
    sets = MappingProxyType({**DATASETS, "toy": toy(file_of("t.csv", CONTENT))})
    monkeypatch.setattr(registry, "DATASETS", sets)
    return tmp_path


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = {"/t.csv": CONTENT, "/other/t.csv": CONTENT + b"1,1\n"}.get(self.path)
        if self.path == "/broken/t.csv":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        elif content is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def refusal(*arguments, **options):
    with pytest.raises(DataError) as caught:
        fetch(*arguments, **options)
    (finding,) = caught.value.diagnostics
    return finding


# --- fetching -------------------------------------------------------------------------------


def test_a_set_is_fetched_into_the_cache_and_read(server, home):
    folder = fetch("toy", url=server)
    assert folder == home / "cache" / "causaldsl" / "toy_folder"
    assert left_in(folder) == ["t.csv"]
    assert len(load("toy")) == 30_000


def test_a_set_is_fetched_into_a_chosen_folder(server, home, monkeypatch):
    fetch("toy", to=home / "mine", url=f"{server}/t.csv")
    monkeypatch.setenv("CAUSALDSL_DATA", str(home / "mine"))
    assert path_of("toy") == home / "mine" / "toy_folder"


def test_a_file_address_serves_as_well(home):
    source = home / "t.csv"
    source.write_bytes(CONTENT)
    assert (fetch("toy", url=source.as_uri()) / "t.csv").read_bytes() == CONTENT


def test_progress_is_told_up_to_the_end(server):
    told: list[Progress] = []
    fetch("toy", url=server, progress=told.append)
    assert told[-1].done == told[-1].total == len(CONTENT)
    assert [p.done for p in told] == sorted(p.done for p in told)


def test_wrong_bytes_are_refused_and_not_kept(server, home):
    finding = refusal("toy", url=f"{server}/other")
    assert finding.code == "CD532"
    assert hashlib.sha256(CONTENT).hexdigest() in finding.message
    assert left_in(home / "cache") == []


def test_wrong_bytes_leave_the_right_file_alone(server, home):
    folder = fetch("toy", url=server)
    (folder / "t.csv").write_bytes(b"mine")
    refusal("toy", url=f"{server}/other")
    assert (folder / "t.csv").read_bytes() == b"mine"


def test_a_connection_that_breaks_off_is_refused_and_leaves_nothing(server, home):
    finding = refusal("toy", url=f"{server}/broken")
    assert finding.code == "CD533"
    assert left_in(home / "cache") == []


def test_an_interrupted_download_leaves_nothing(server, home):
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("toy", url=server, progress=stop)
    assert left_in(home / "cache") == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "ftp://host/t.csv", "no address", "file:///no"]
)
def test_an_address_that_does_not_answer_says_how_to_go_on_by_hand(home, url):
    finding = refusal("toy", url=url)
    assert finding.code == "CD533"
    notes = " ".join(finding.notes)
    assert str(home / "cache" / "causaldsl" / "toy_folder" / "t.csv") in notes
    assert "CAUSALDSL_DATA" in notes


def test_an_answer_of_not_found_is_refused(server):
    finding = refusal("toy", url=f"{server}/nowhere")
    assert finding.code == "CD533"
    assert "404" in finding.message


def test_a_file_that_is_there_is_not_fetched_again(server):
    fetch("toy", url=server)
    fetch("toy", url="http://127.0.0.1:1")


def test_fetching_again_takes_up_with_the_files_that_lack(home, monkeypatch):
    files = (file_of("t.csv", CONTENT), file_of("u.csv", b"c\n1\n"))
    monkeypatch.setattr(registry, "DATASETS", {"toy": toy(*files)})
    source = home / "source"
    source.mkdir()
    (source / "t.csv").write_bytes(CONTENT)
    assert refusal("toy", url=source.as_uri()).code == "CD533"
    assert left_in(home / "cache") == ["t.csv"]
    (source / "u.csv").write_bytes(b"c\n1\n")
    (source / "t.csv").unlink()
    assert left_in(fetch("toy", url=source.as_uri())) == ["t.csv", "u.csv"]


def test_a_folder_that_cannot_be_made_is_refused(server, home):
    (home / "file").write_text("")
    assert refusal("toy", to=home / "file", url=server).code == "CD524"


# --- finding --------------------------------------------------------------------------------


def test_an_unknown_set_is_refused_with_a_near_name():
    finding = refusal("law_shcool")
    assert finding.code == "CD530"
    assert finding.hint == "did you mean `law_school`?"


def test_a_set_that_is_not_here_says_where_to_place_it(home, monkeypatch):
    monkeypatch.setenv("CAUSALDSL_DATA", str(home / "mine"))
    with pytest.raises(DataError) as caught:
        load("law_school")
    (finding,) = caught.value.diagnostics
    assert finding.code == "CD531"
    assert finding.hint == "run `causaldsl data law_school`"
    notes = " ".join(finding.notes)
    assert str(home / "mine" / "law_school" / "law_data.csv") in notes
    assert DATASETS["law_school"].files[0].url in notes
    assert "CAUSALDSL_DATA" in notes


def test_what_the_chosen_folder_lacks_is_found_in_the_cache(server, home, monkeypatch):
    fetch("toy", url=server)
    monkeypatch.setenv("CAUSALDSL_DATA", str(home / "mine"))
    assert path_of("toy") == home / "cache" / "causaldsl" / "toy_folder"


def test_a_changed_file_is_refused_unless_asked_not_to_look(server):
    folder = fetch("toy", url=server)
    (folder / "t.csv").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match="CD532"):
        load("toy")
    assert load("toy", check=False).equals(pd.DataFrame({"a": [1], "b": [2]}))


def test_an_unknown_part_is_a_value_error():
    with pytest.raises(ValueError, match="parts all"):
        load("toy", "some")


# --- what the records say -------------------------------------------------------------------


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_record_is_whole(name):
    found = DATASETS[name]
    assert found.name == name
    assert found.citation
    assert found.terms
    assert found.parts
    for file in found.files:
        assert file.url.startswith("https://")
        assert len(file.sha256) == 64
        assert file.n_bytes > 0


def test_identifying_columns_are_not_kept():
    header = [*reversed(COLUMNS), "name", "age"]
    rows = [[*(f"{c}{i}" for c in reversed(COLUMNS)), "Jane, Doe", "99"] for i in range(3)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    kept = keep_columns(text.getvalue().encode())
    found = list(csv.reader(io.StringIO(kept.decode())))
    assert found[0] == list(COLUMNS)
    assert found[1] == [f"{c}0" for c in COLUMNS]
    assert keep_columns(kept) == kept
