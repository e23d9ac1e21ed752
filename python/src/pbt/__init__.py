"""Train your own program as a member of a population: the client of pbt.

``pbt.Worker`` is all a training loop needs; the standard library is all it needs itself.
"""

from .errors import (
    ArgumentError,
    BusyError,
    CheckpointError,
    CorruptError,
    Error,
    ExistsError,
    InputOutputError,
    LateError,
    LimitError,
    NoMemberError,
    NoStudyError,
    NotFoundError,
    OutOfMemoryError,
    ReportError,
    SpecError,
    StateError,
    StoreError,
    TrainerError,
    UnreachableError,
    VersionError,
)
from .segment import Segment
from .worker import Worker

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "BusyError",
    "CheckpointError",
    "CorruptError",
    "Error",
    "ExistsError",
    "InputOutputError",
    "LateError",
    "LimitError",
    "NoMemberError",
    "NoStudyError",
    "NotFoundError",
    "OutOfMemoryError",
    "ReportError",
    "Segment",
    "SpecError",
    "StateError",
    "StoreError",
    "TrainerError",
    "UnreachableError",
    "VersionError",
    "Worker",
]
