"""SIGTERM as a wish to stop, in this process alone.

The interpreter only notes a signal and calls its handler later, and a child that has just been forked
forgets what was noted: SIGTERM would be lost there, and whoever sent it would wait for ever. So it is held
back while the process forks, and the child takes it as every program does.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Callable, Optional

Handler = Callable[[int, Optional[FrameType]], None]


class _State(threading.local):
    mask: Optional[set] = None  # the forking thread's signal mask, while it forks


_state = _State()
_handler: Optional[Handler] = None
_has_hooks = False


def obey(handler: Handler) -> bool:
    """Let SIGTERM call this; False where the program does something with it already, or in a thread."""
    global _handler, _has_hooks
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False
    if not _has_hooks:
        _has_hooks = True
        os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_be_usual)
    _handler = handler
    signal.signal(signal.SIGTERM, handler)
    return True


def ignore(handler: Handler) -> None:
    """Let SIGTERM end the process again, if it still calls this."""
    global _handler
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and handler == _handler and signal.getsignal(signal.SIGTERM) == handler:
        _handler = None
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def die() -> None:
    """End this process as SIGTERM does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def _hold() -> None:
    _state.mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def _let_go() -> None:
    if _state.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _state.mask)
        _state.mask = None


def _be_usual() -> None:
    if _handler is not None:
        ignore(_handler)
    _let_go()
