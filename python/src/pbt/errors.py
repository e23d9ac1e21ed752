"""What can go wrong, one class per row of the table in ``pbt.h`` that a client can meet."""

from __future__ import annotations

import re
from typing import Any, Dict, Type


class Error(Exception):
    """A call that failed; nothing was recorded.

    Attributes:
        message: one line that says what failed.
        detail: the facts; may be empty.
        hint: what to do about it; may be empty.
        name: the table's name, such as ``"ERR_LATE"``; empty where no server said it.
        status: the HTTP status; 0 where no server said it.
    """

    def __init__(
        self, message: str, detail: str = "", hint: str = "", name: str = "", status: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.name = name
        self.status = status

    def __str__(self) -> str:
        text = f"{self.message}: {self.detail}" if self.detail else self.message
        return f"{text}\nhint: {self.hint}" if self.hint else text


class NoStudyError(Error):
    """The program runs outside a study."""


class UnreachableError(Error, ConnectionError):
    """The server did not answer for as long as the worker's patience lasts."""


class OutOfMemoryError(Error, MemoryError):
    """The server is out of memory."""


class ArgumentError(Error, ValueError):
    """A request or a value does not make sense."""


class SpecError(Error):
    """A spec is not valid."""


class InputOutputError(Error, OSError):
    """The server could not read or write."""


class NotFoundError(Error):
    """There is no such study, segment or checkpoint."""


class ExistsError(Error):
    """It exists already."""


class LateError(Error):
    """A newer attempt at the segment has been claimed."""


class StateError(Error):
    """Not possible now."""


class CorruptError(Error):
    """Stored data is damaged."""


class BusyError(Error):
    """In use by another process."""


class VersionError(Error):
    """Made by another version."""


class StoreError(Error):
    """The store failed."""


class TrainerError(Error):
    """The trainer failed."""


class ReportError(Error):
    """A report does not fit its segment: its step, or the objective is missing."""


class CheckpointError(Error):
    """A checkpoint is missing, or is not made of plain files and folders."""


class LimitError(Error):
    """A stated bound was exceeded."""


class NoMemberError(Error):
    """The study ended without one usable member."""


CLASSES: Dict[str, Type[Error]] = {
    "ERR_MEMORY": OutOfMemoryError,
    "ERR_ARGUMENT": ArgumentError,
    "ERR_SPEC": SpecError,
    "ERR_IO": InputOutputError,
    "ERR_NOT_FOUND": NotFoundError,
    "ERR_EXISTS": ExistsError,
    "ERR_LATE": LateError,
    "ERR_STATE": StateError,
    "ERR_CORRUPT": CorruptError,
    "ERR_BUSY": BusyError,
    "ERR_VERSION": VersionError,
    "ERR_STORE": StoreError,
    "ERR_TRAINER": TrainerError,
    "ERR_REPORT": ReportError,
    "ERR_CHECKPOINT": CheckpointError,
    "ERR_LIMIT": LimitError,
    "ERR_NO_MEMBER": NoMemberError,
    "ERR_RESOURCE": InputOutputError,
}


def from_answer(status: int, body: Any) -> Error:
    """Make the error that a server's answer describes.

    ``body`` is what the answer held, ``{"error": {name message detail hint}}`` where it is one of
    pbt's; anything else becomes a plain ``Error``.
    """
    said = body.get("error") if isinstance(body, dict) else None
    if not isinstance(said, dict):
        said = {}
    name, message, detail, hint = (
        str(said.get(key) or "") for key in ("name", "message", "detail", "hint")
    )
    hint = re.sub("`(.*)`", r"'pbt \1'", hint)  # what is done to a study, as what to type
    return CLASSES.get(name, Error)(
        message or f"the server answered with status {status}", detail, hint, name, status
    )
