"""What no script can help is said in words: why a server is not reached, not where in the script."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Optional, Type

from .errors import Error, UnreachableError

TOKEN = "ERR_TOKEN"

before = sys.excepthook


def is_plain(error: BaseException) -> bool:
    """Whether an error is the study's alone: its server is gone, or does not know this worker."""
    return isinstance(error, UnreachableError) or (isinstance(error, Error) and error.name == TOKEN)


def tell(
    kind: Type[BaseException], error: BaseException, where: Optional[TracebackType]
) -> None:
    """What ends a program: such an error in words, any other as before."""
    if is_plain(error):
        print(f"pbt: {error}", file=sys.stderr, flush=True)
    else:
        before(kind, error, where)


def install() -> None:
    """Have it said so, once; a hook that was set meanwhile is kept for the rest."""
    global before
    if sys.excepthook is not tell:
        before = sys.excepthook
        sys.excepthook = tell
