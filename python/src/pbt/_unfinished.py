"""A checkpoint that is still being written: known by its names and by who has it open.

Some libraries save in the background: the call returns, and files come later. What is reported then would
be published torn, so it is refused in words.

What they leave meanwhile (findings/orbax_saves_in_background.sh and findings/torch_async_save.sh show it):

- Orbax (``CheckpointManager.save``, ``StandardCheckpointer.save``, ``AsyncCheckpointer.save``): a folder
  ``NAME.orbax-checkpoint-tmp`` beside NAME or below it, renamed to NAME when all is there;
- torch (``torch.distributed.checkpoint.async_save``): ``*.distcp`` files, and ``.metadata`` as the last.
"""

from __future__ import annotations

import inspect
import os
from typing import Any, Iterator, List, Optional, Tuple

from .errors import CheckpointError

ORBAX = ".orbax-checkpoint-tmp"
HINT = "save must return when all is on disk"
ORBAX_HINT = f"{HINT}: call wait_until_finished() on the checkpointer or manager in it"
TORCH_HINT = f"{HINT}: wait for the future of async_save with result() in it, or return that future"
OPEN_HINT = f"{HINT}: close the file, or wait for what writes it"
WRITES = os.O_WRONLY | os.O_RDWR


# How what runs is waited for, and what tells it from what has a method of that name: a text has a
# ``join`` too. A future, a result of a pool, a thread or a process, torch's future or a child.
WAITS = (("result", "done"), ("get", "successful"), ("join", "is_alive"), ("wait", "wait"))


def finish(result: Any) -> None:
    """Wait for what a ``save`` returned, one or several; refuse what needs an event loop."""
    if isinstance(result, (list, tuple)):
        for each in result:
            finish(each)
        return
    if inspect.isawaitable(result):
        close = getattr(result, "close", None)
        if close is not None:
            close()
        raise CheckpointError(
            "save returned before it had saved: it is asynchronous",
            f"it returned a {type(result).__name__}",
            f"{HINT}: run the coroutine in it, as asyncio.run does",
        )
    # torch's async_save may return a pair of futures; the upload is the one that ends last.
    running = getattr(result, "upload_completion", result)
    for wait, mark in WAITS:
        if callable(getattr(running, wait, None)) and callable(getattr(running, mark, None)):
            getattr(running, wait)()
            break
    status = getattr(running, "exitcode", None) or getattr(running, "returncode", None)
    if isinstance(status, int) and status != 0:
        raise CheckpointError(f"the process that save returned ended with {status}")


def check(path: str) -> None:
    """Raise CheckpointError where what lies at a path, or is about to, is still being written."""
    found = by_name(path) or by_descriptor(path)
    if found is not None:
        raise CheckpointError(
            f"the checkpoint '{path}' is still being written", f"there is '{found[0]}'", found[1]
        )


def by_name(path: str) -> Optional[Tuple[str, str]]:
    """A name by which a library says that it is not done, and a hint."""
    folder, name = os.path.split(path)
    for other in names_in(folder):
        if other.startswith(name + ORBAX):
            return other, ORBAX_HINT
    for place, folders, files in os.walk(path):
        for inner in folders + files:
            if ORBAX in inner:
                return os.path.relpath(os.path.join(place, inner), path), ORBAX_HINT
        shards = sorted(file for file in files if file.endswith(".distcp"))
        if shards and ".metadata" not in files:
            shard = os.path.relpath(os.path.join(place, shards[0]), path)
            return f"{shard}' without '.metadata", TORCH_HINT
    return None


def names_in(folder: str) -> List[str]:
    """The names in a folder; none where it cannot be listed."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def by_descriptor(path: str) -> Optional[Tuple[str, str]]:
    """A file at or below a path that this process or a child of it has open for writing, and a hint.

    Where there is no /proc this finds nothing.
    """
    real = os.path.realpath(path)
    for process in family():
        for number in names_in(f"/proc/{process}/fd"):
            try:
                target = os.readlink(f"/proc/{process}/fd/{number}")
                if target != real and not target.startswith(real + os.sep):
                    continue
                with open(f"/proc/{process}/fdinfo/{number}", encoding="ascii") as file:
                    flags = int(file.read().partition("flags:")[2].split()[0], 8)
            except (OSError, ValueError, IndexError):
                continue  # it was closed meanwhile
            if flags & WRITES:
                return os.path.relpath(target, os.path.dirname(real)), OPEN_HINT
    return None


def family() -> Iterator[int]:
    """This process and its children, theirs included."""
    left = [os.getpid()]
    while left:
        process = left.pop()
        yield process
        for thread in names_in(f"/proc/{process}/task"):
            try:
                with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                    left.extend(int(child) for child in file.read().split())
            except (OSError, ValueError):
                continue
