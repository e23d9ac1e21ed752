"""The trainer's side of its heartbeats (`_pulse.py` is the other).

They come from a process of their own. Where pbt renews the lease of a trainer that it started
(PBT_LEASE=kept), they only pass progress and orders on, may wait for native code, and come from a
thread: no process is started beside the trainer's.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, Mapping, Optional

from ._measures import Number
from ._pulse import LOOK_SECONDS, Pulse
from ._wire import Wire
from .errors import Error

BEATS_PER_LEASE = 3  # two may be lost
LONGEST_SECONDS = 5.0  # progress is shown and orders arrive within this time, whatever the lease
SHORTEST_SECONDS = 0.01
QUIET_SECONDS = 0.25  # progress goes through the pipe, and orders are read, this often at most

CODE = "import sys; sys.path.insert(0, sys.argv[1]); from pbt import _pulse; _pulse.main()"


class Heart:
    """What renews a worker's lease. Started with its first segment; its process again if it dies."""

    def __init__(self, server: str, study: str, token: str) -> None:
        self._place = {"server": server, "study": study, "token": token}
        self._is_kept = os.environ.get("PBT_LEASE") == "kept" and server == os.environ.get(
            "PBT_SERVER"
        )
        self._thread: Optional["Beats"] = None
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._job: Optional[Dict[str, Any]] = None
        self._order: Optional[str] = None
        self._unread = b""
        self._metrics: Dict[str, Number] = {}
        self._told = 0.0  # monotonic: when progress was last passed on
        self._looked = 0.0

    def is_watched(self) -> bool:
        """Whether pbt started this very process, and will see how it ends."""
        return self._is_kept and os.getpgrp() == os.getpid()

    def begin(self, segment: str, attempt: int, lease_seconds: float) -> None:
        """Renew the lease of this attempt from now on."""
        seconds = min(max(lease_seconds / BEATS_PER_LEASE, SHORTEST_SECONDS), LONGEST_SECONDS)
        self._job = {"segment": segment, "attempt": attempt, "seconds": seconds}
        self._order = None
        self._metrics = {}
        self._write(self._job)

    def end(self) -> None:
        """Renew nothing."""
        self._job = None
        if self._process is not None or self._thread is not None:
            self._write({})

    def progress(self, step: int, metrics: Optional[Mapping[str, Number]] = None) -> None:
        """Show how far training has come. Cheap enough for every step."""
        if metrics:
            self._metrics.update(metrics)
        now = time.monotonic()
        if self._job is not None and now - self._told >= QUIET_SECONDS:
            self._told = now
            metrics, self._metrics = self._metrics, {}
            self._write({"step": step, "metrics": metrics})

    def order(self) -> Optional[str]:
        """What the server last asked of the segment: "release", "stop", "lost" or None."""
        now = time.monotonic()
        if self._order is None and now - self._looked >= QUIET_SECONDS:
            self._looked = now
            self._read()
        return self._order

    def close(self) -> None:
        """End the process."""
        thread, self._thread = self._thread, None
        self._job = None
        if thread is not None:
            thread.is_over = True
        self._bury()

    # ---- the pipes

    def _start(self) -> "subprocess.Popen[bytes]":
        if not sys.executable:
            raise Error("there is no interpreter to send heartbeats with: sys.executable is empty")
        root = str(pathlib.Path(__file__).resolve().parents[1])
        process = subprocess.Popen(
            [sys.executable, "-s", "-S", "-c", CODE, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._unread = b""
        return process

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._is_kept:
            self._thread = self._thread or Beats(self._place, self._hear)
            self._thread.pulse.take(dict(line))
            return
        lines = [line]
        if self._process is None:
            self._process = self._start()
            lines.insert(0, {**self._place, "parent": os.getpid()})
            if line is not self._job and self._job is not None:
                lines.insert(1, self._job)
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(b"".join(json.dumps(each).encode("utf-8") + b"\n" for each in lines))
            pipe.flush()
        except BrokenPipeError:
            self._bury()

    def _bury(self) -> None:
        """The process has died: another is started with the next word to it."""
        process, self._process = self._process, None
        if process is not None:
            hang_up(process)
            process.wait()

    def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        try:
            piece = os.read(self._process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not piece:
            self._bury()
            return
        *lines, self._unread = (self._unread + piece).split(b"\n")
        for text in lines:
            self._hear(json.loads(text.decode("utf-8")))

    def _hear(self, line: Dict[str, Any]) -> None:
        """Keep an order, if it is about what is trained."""
        job = self._job
        if job is not None and all(line[key] == job[key] for key in ("segment", "attempt")):
            self._order = line["action"]


class Beats(threading.Thread):
    """The heartbeats from within the trainer, until `is_over`."""

    def __init__(self, place: Mapping[str, str], tell: Callable[[Dict[str, Any]], None]) -> None:
        super().__init__(name="pbt heartbeats", daemon=True)
        self.is_over = False
        self.pulse = Pulse(Wire(**place, patience_seconds=0.0), tell)
        self.start()

    def run(self) -> None:
        while not self.is_over:
            self.pulse.wait(LOOK_SECONDS)
            self.pulse.beat()


def hang_up(process: "subprocess.Popen[bytes]") -> None:
    """Close this side of a process's pipes."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                pass
