"""Where checkpoints are written and read: in the study's folder, or through its server.

A worker that sees the folder writes to where the server says and reads from there; no byte is copied.
One that does not writes to a folder of its own and sends what it wrote: a file as it is, a folder as tar.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import tarfile
import tempfile
from typing import IO, Any, Dict, Optional, Union

from ._wire import Wire
from .errors import CheckpointError

TAR = "application/x-tar"
BYTES = "application/octet-stream"


class Places:
    """The checkpoints of one session."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._is_shared: Optional[bool] = None  # None: not known yet
        self._own: Optional[pathlib.Path] = None

    def save_to(self, fields: Dict[str, Any]) -> str:
        """Where this session writes the checkpoint of a segment that it was handed."""
        shared = str(fields["save_to"])
        folder = os.path.dirname(shared)
        if self._is_shared is None and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
            self._is_shared = False
        if self._is_shared is not False:
            return shared
        own = self._folder() / "save"
        remove(own)
        return str(own)

    def fetch(self, fields: Dict[str, Any]) -> str:
        """Where this session reads what a segment starts from; fetched where it is not at hand."""
        shared = str(fields["load"])
        if self._is_shared is not False and os.path.exists(shared):
            return shared
        target = self._folder() / "load"
        remove(target)
        with tempfile.TemporaryFile(dir=str(self._folder())) as file:
            kind = self._wire.get_file(f"/checkpoints/{fields['segment']}", file)
            file.seek(0)
            if kind == TAR:
                unpack(file, target)
            else:
                with open(target, "wb") as copy:
                    shutil.copyfileobj(file, copy, 1 << 20)
        return str(target)

    def publish(self, segment: str, attempt: int, path: str) -> str:
        """Hand in what was written at ``path``; return the word for the report."""
        if not os.path.exists(path):
            raise CheckpointError(f"there is no checkpoint at '{path}'", hint=near(path))
        if self._own is None or not path.startswith(f"{self._own}{os.sep}"):
            return "saved"
        self.upload(segment, attempt, path)
        remove(path)
        return "uploaded"

    def upload(self, segment: str, attempt: int, path: str) -> None:
        """Send a file or a folder."""
        place = f"/checkpoints/{segment}?attempt={attempt}"
        if not os.path.isdir(path):
            with open(path, "rb") as file:
                self._wire.put_file(place, file, BYTES)
            return
        with tempfile.TemporaryFile(dir=str(self._folder())) as packed:
            pack(path, packed)
            self._wire.put_file(place, packed, TAR)

    def is_shared(self) -> bool:
        """Whether this session is known to see the study's folder."""
        return self._is_shared is True

    def give_up_sharing(self) -> None:
        """Write nothing more to the study's folder: what lies there by that name is another folder."""
        self._is_shared = False

    def confirm_sharing(self) -> None:
        """The server has found what was written to the study's folder."""
        if self._is_shared is None:
            self._is_shared = True

    def close(self) -> None:
        """Remove what is this session's own."""
        own, self._own = self._own, None
        if own is not None:
            shutil.rmtree(str(own), ignore_errors=True)

    def _folder(self) -> pathlib.Path:
        if self._own is None:
            self._own = pathlib.Path(tempfile.mkdtemp(prefix="pbt-"))
        return self._own


def remove(path: Union[str, pathlib.Path]) -> None:
    """Remove a file or a folder, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def near(path: str) -> str:
    """A hint where something lies near the path, for some libraries add an ending of their own."""
    folder, name = os.path.split(path)
    try:
        others = sorted(other for other in os.listdir(folder) if other.startswith(name + "."))
    except OSError:
        others = []
    if others:
        return f"'{others[0]}' is there: make a folder at the path, and write files into it"
    return "save(path) must write a file or a folder at the path it is given"


def pack(folder: str, file: IO[bytes]) -> None:
    """Write a folder as tar: files and folders by relative names, without owners and times."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            is_folder = path.is_dir()
            if path.is_symlink() or not (is_folder or path.is_file()):
                raise CheckpointError(
                    f"'{entry.name}' in a checkpoint is neither a file nor a folder",
                    hint="a checkpoint is made of files and folders",
                )
            if is_folder:
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o755
                tar.addfile(entry)
                continue
            with open(str(path), "rb") as source:
                entry.size = os.fstat(source.fileno()).st_size
                tar.addfile(entry, source)


def unpack(file: IO[bytes], folder: pathlib.Path) -> None:
    """Make a folder from a tar. Nothing in it is trusted to stay inside: that is checked."""
    folder.mkdir()
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for entry in tar:
            parts = pathlib.PurePosixPath(entry.name).parts
            if ".." in parts or entry.name.startswith("/") or not (entry.isfile() or entry.isdir()):
                raise CheckpointError(f"'{entry.name}' in a checkpoint is refused")
            target = folder.joinpath(*parts)
            if entry.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(entry)
            assert source is not None
            with source, open(str(target), "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
