"""Fetch the files of a public set: checked against their sha256, there whole or not at all.

An interrupted download leaves nothing under the file's name; fetching again takes up with the
files that are still lacking.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

from causaldsl.data.findings import cannot_write
from causaldsl.data.tables import written_beside
from causaldsl.datasets import findings
from causaldsl.datasets.dataset import DataFile, DataSet
from causaldsl.diagnostics.model import DataError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent

_CHUNK = 1 << 16
_SECONDS = 30.0
_LARGEST = 1 << 28


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    data_set: DataSet, folder: Path, url: str | None, progress: ProgressCallback = silent
) -> None:
    """Bring every file of a set into a folder; files that are right already stay.

    Raises
    ------
    DataError
        CD533 when the other side does not deliver, CD532 when it delivers something else, CD524
        when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise DataError([cannot_write(str(folder), why)]) from error
    for file in data_set.files:
        place = folder / file.name
        if place.is_file() and sha256_of(place) == file.sha256:
            progress(Progress(stage=f"{file.name} is here already", done=1, total=1))
            continue
        content = _checked(data_set, file, _address(file, url), place, progress)
        with written_beside(place) as beside:
            beside.write_bytes(content)


def _address(file: DataFile, url: str | None) -> str:
    if url is None:
        return file.url
    return url if url.rsplit("/", 1)[-1] == file.name else f"{url.rstrip('/')}/{file.name}"


def _checked(
    data_set: DataSet, file: DataFile, url: str, place: Path, progress: ProgressCallback
) -> bytes:
    try:
        content = _fetched(url, file, progress)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        why = str(getattr(error, "reason", "") or error)
        if isinstance(error, urllib.error.HTTPError):
            why = str(error)
            error.close()  # it holds the connection
        finding = findings.download_failed(data_set.name, url, why, str(place))
        raise DataError([finding]) from error
    found = hashlib.sha256(content).hexdigest()
    if found == file.sha256:
        return content
    if file.keep is not None and found == file.published_sha256:
        return file.keep(content)
    expected = file.published_sha256 or file.sha256
    hint = "try another mirror; nothing was kept"
    raise DataError([findings.wrong_checksum(url, expected, found, hint)])


def _fetched(url: str, file: DataFile, progress: ProgressCallback) -> bytes:
    if not url.startswith(("https://", "http://", "file://")):
        raise ValueError("expected an address that begins with https://, http:// or file://")
    request = urllib.request.Request(url, headers={"User-Agent": "causaldsl"})
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        announced = int(answer.headers.get("Content-Length") or 0)
        content = bytearray()
        while chunk := answer.read(_CHUNK):
            content += chunk
            if len(content) > _LARGEST:
                raise ValueError(f"the answer is longer than {_LARGEST:,} bytes")
            total = max(announced or file.n_bytes, len(content))
            progress(Progress(stage=f"download {file.name}", done=len(content), total=total))
    if announced and len(content) != announced:
        raise ValueError(f"the connection broke off after {len(content):,} of {announced:,} bytes")
    return bytes(content)
