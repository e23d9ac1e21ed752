"""Heartbeats, sent from a process of their own.

The trainer's interpreter may be held for minutes by native code that does not let go of its lock; a
thread in it could not renew a lease then. So the trainer starts this module as a process and talks to it
through pipes, a JSON object per line:

    to it       {"server" "study" "token" "parent"}         first, once
                {"segment" "attempt" "seconds"}             a segment begins: a heartbeat every so often
                {"step" "metrics"}                          how far it has come
                {}                                          nothing is trained
    from it     {"segment" "attempt" "action"}              a heartbeat was answered other than "continue"

It ends when its pipe ends or its parent does: a child that the trainer forked may hold the pipe open.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import IO, Any, Callable, Dict, Optional

from ._wire import Wire
from .errors import Error, LateError, NotFoundError, StateError

LOOK_SECONDS = 1.0  # how often it looks whether its parent lives
RETRY_SECONDS = 1.0


class Pulse:
    """What beats: at most one segment at a time."""

    def __init__(self, wire: Wire, tell: Callable[[Dict[str, Any]], None]) -> None:
        self._wire = wire
        self._tell = tell
        self._changed = threading.Condition()
        self._job: Optional[Dict[str, Any]] = None
        self._next = 0.0  # monotonic: when the next heartbeat is due

    def take(self, line: Dict[str, Any]) -> None:
        """Obey one line."""
        with self._changed:
            if "segment" in line:
                self._job = {**line, "step": None, "metrics": {}}
                self._next = time.monotonic() + line["seconds"]
                self._changed.notify()
            elif "step" in line and self._job is not None:
                self._job["step"] = line["step"]
                self._job["metrics"].update(line["metrics"])
            elif not line:
                self._job = None

    def wait(self, seconds: float) -> None:
        """Wait until a heartbeat is due, or so long."""
        with self._changed:
            left = self._next - time.monotonic() if self._job is not None else seconds
            if left > 0:
                self._changed.wait(min(left, seconds))

    def beat(self) -> None:
        """Send the heartbeat that is due, if one is; where it fails, the next comes soon."""
        with self._changed:
            job, now = self._job, time.monotonic()
            if job is None or now < self._next:
                return
            self._next = now + job["seconds"]
            metrics, job["metrics"] = job["metrics"], {}
            body: Dict[str, Any] = {"attempt": job["attempt"]}
            if job["step"] is not None:
                body.update(step=job["step"], metrics=metrics)
        try:
            action = self._wire.post(f"/segments/{job['segment']}/heartbeat", body)["action"]
        except (LateError, NotFoundError, StateError):
            action = "lost"
        except (Error, KeyError):
            self._keep(job, metrics)
            return
        if action != "continue":
            self._tell({"segment": job["segment"], "attempt": job["attempt"], "action": action})

    def _keep(self, job: Dict[str, Any], metrics: Dict[str, Any]) -> None:
        with self._changed:
            job["metrics"] = {**metrics, **job["metrics"]}
            if job is self._job:
                self._next = min(self._next, time.monotonic() + RETRY_SECONDS)


def read_orders(lines: IO[str], pulse: Pulse) -> None:
    """Obey until the pipe ends; then this process ends too."""
    for line in lines:
        pulse.take(json.loads(line))
    os._exit(0)


def write_line(line: Dict[str, Any]) -> None:
    """Tell the trainer."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Beat until the trainer ends. Signals to its group are for the trainer to obey, not for this."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    first = json.loads(sys.stdin.readline() or "{}")
    if not first:
        return
    wire = Wire(first["server"], first["study"], first["token"], patience_seconds=0.0)
    pulse = Pulse(wire, write_line)
    threading.Thread(target=read_orders, args=(sys.stdin, pulse), daemon=True).start()
    while os.getppid() == first["parent"]:
        pulse.wait(LOOK_SECONDS)
        pulse.beat()
    os._exit(0)
