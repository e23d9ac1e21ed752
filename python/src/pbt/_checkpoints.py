"""Where checkpoints are written and read: in the study's folder, or through its server.

A worker that sees the folder writes to where the server says and reads from there; no byte is copied.
One that does not writes to a folder of its own and sends what it wrote: a file as it is, a folder as tar.
A path proves nothing: another machine may have a folder of the same name. The folder is the study's where
the file that the server names there holds what the server says.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tarfile
import tempfile
from typing import IO, Any, Dict, Optional, Tuple, Union

from . import _unfinished
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
        if "shared" in fields:
            may_write = is_proven(fields["shared"]) and os.access(folder, os.W_OK)
        else:  # an older server, which says nothing to know its folder by
            may_write = os.path.isdir(folder) and os.access(folder, os.W_OK)
            if self._is_shared is None and not may_write:
                self._is_shared = False
        if may_write and self._is_shared is not False:
            return shared
        own = self._folder() / "save"
        remove(own)
        return str(own)

    def fetch(self, fields: Dict[str, Any]) -> str:
        """Where this session reads what a segment starts from; fetched where it is not at hand.

        Raises CheckpointError where it has not the size that was recorded.
        """
        shared = str(fields["load"])
        path = shared if self._is_at_hand(fields) else str(self._download(fields))
        kind, size = fields.get("load_kind"), fields.get("load_bytes")
        found = measure(path)
        if kind is not None and found[0] != kind:
            raise CheckpointError(
                f"the checkpoint '{shared}' is of another kind",
                f"it is a {found[0]}; a {kind} was recorded",
            )
        if size is not None and found[1] != size:
            raise CheckpointError(
                f"the checkpoint '{shared}' has another size",
                f"it has {found[1]} bytes; {size} were recorded",
            )
        return path

    def _is_at_hand(self, fields: Dict[str, Any]) -> bool:
        """Whether what lies at a segment's ``load`` is what the server has there."""
        path = str(fields["load"])
        if self._is_shared is False or not os.path.exists(path):
            return False
        modified = fields.get("load_modified_ns")
        if modified is not None:  # it lies outside the study's folder
            return measure(path)[1:] == (fields["load_bytes"], modified)
        return is_proven(fields["shared"]) if "shared" in fields else True

    def _download(self, fields: Dict[str, Any]) -> pathlib.Path:
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
        return target

    def publish(self, segment: str, attempt: int, path: str) -> str:
        """Hand in what was written at ``path``; return the word for the report."""
        _unfinished.check(path)
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
            with contextlib.suppress(OSError):
                remove(own)

    def _folder(self) -> pathlib.Path:
        if self._own is None:
            self._own = pathlib.Path(tempfile.mkdtemp(prefix="pbt-"))
        return self._own


def is_proven(shared: Optional[Dict[str, Any]]) -> bool:
    """Whether the folder that the server means is seen here: its file holds what the server says."""
    if shared is None:
        return False
    nonce = str(shared["nonce"]).encode("ascii")
    try:
        file = os.open(str(shared["file"]), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(file, len(nonce) + 1) == nonce
    except OSError:
        return False
    finally:
        os.close(file)


def measure(path: str) -> Tuple[str, int, int]:
    """A checkpoint's kind, the bytes of its files, when the newest was modified. Units: nanoseconds."""
    if not os.path.isdir(path):
        status = os.stat(path)
        return "file", status.st_size, status.st_mtime_ns
    size = newest = 0
    for folder, _, names in os.walk(path):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            size += status.st_size
            newest = max(newest, status.st_mtime_ns)
    return "folder", size, newest


def remove(path: Union[str, pathlib.Path]) -> None:
    """Remove a file or a folder, if it is there. Folders that may not be written are made so."""
    if os.path.isdir(path) and not os.path.islink(path):
        os.chmod(path, 0o700)
        for folder, names, _ in os.walk(path):
            for name in names:
                inner = os.path.join(folder, name)
                if not os.path.islink(inner):
                    os.chmod(inner, 0o700)
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
    return "save(path) must write a file or a folder at the path it is given, before it returns"


def pack(folder: str, file: IO[bytes]) -> None:
    """Write a folder as tar: files and folders by relative names, without owners and times."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            is_folder = path.is_dir()
            if path.is_symlink() or not (is_folder or path.is_file()):
                raise CheckpointError(
                    f"'{entry.name}' in a checkpoint is neither a file nor a folder",
                    hint="a checkpoint may contain only files and folders",
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
