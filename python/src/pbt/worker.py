"""The worker: a training program's side of a study."""

from __future__ import annotations

import atexit
import io
import logging
import os
import socket
import sys
import time
import traceback
from types import FrameType, TracebackType
from typing import Any, Callable, Dict, Iterator, List, Optional, Type

from . import _terminate, _unfinished, _words
from ._measures import Number, is_finite, number, split
from ._pin import pin
from ._ranks import Broadcast, Group
from ._session import Session
from ._wire import Unwanted
from .errors import Error, NoStudyError, StateError
from .segment import Segment, Value

Save = Callable[[str], Any]

PATIENCE_SECONDS = 300.0
MESSAGE_CHARACTERS = 1000
ECHO_SECONDS = 2.0

log = logging.getLogger("pbt")


class Worker:
    """Claims segments of a study and reports how they went. Iterate over it to train.

    ::

        worker = pbt.Worker()
        for segment in worker:
            if segment.load:
                load_weights(segment.load)
            elif segment.fresh:
                initialise(segment.seed)
            apply(segment.hyperparameters)      # after loading, never before
            for step in segment.steps():
                worker.log(step, loss=train_one(step))
            worker.report(accuracy=evaluate(), save=save_weights)

    Weights stay in memory from one segment to the next, and ``segment.load`` is None while they are
    the right ones: a copy of another member costs a load, and no process starts again.

    On SIGTERM, or when the study stops, `Segment.steps` ends early, `report` gives the segment back
    with the progress it saves, and the iteration ends. Another SIGTERM, seconds later, ends the
    process at once.

    Args:
        server, study, token, name: default to PBT_SERVER, PBT_STUDY, PBT_TOKEN and PBT_WORKER, which
            pbt sets for the programs it starts.
        broadcast: with several processes per member, a function that takes an object on rank 0 and
            None on the others, and returns rank 0's object on all. Only rank 0 speaks to the study.
        rank: this process's rank where the environment does not say (RANK and its like).
        patience_seconds: how long to try to reach a server that does not answer.

    Threads: one at a time. A forked child must not use its parent's worker.
    """

    def __init__(
        self,
        server: Optional[str] = None,
        study: Optional[str] = None,
        token: Optional[str] = None,
        name: Optional[str] = None,
        *,
        broadcast: Optional[Broadcast] = None,
        rank: Optional[int] = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        server = server or os.environ.get("PBT_SERVER", "")
        study = study or os.environ.get("PBT_STUDY", "")
        if not server or not study:
            raise NoStudyError(
                f"this program trains inside a study, and {'PBT_STUDY' if server else 'PBT_SERVER'}"
                " is not set",
                hint="name it in a spec's trainer.command and start the study with `pbt run SPEC`",
            )
        token = os.environ.get("PBT_TOKEN", "") if token is None else token
        name = name or os.environ.get("PBT_WORKER") or f"{socket.gethostname()[:40]}-{os.getpid()}"
        self._group = Group(broadcast, rank)
        self._session: Optional[Session] = None
        if self._group.speaks:
            self._session = Session(server, study, token, name, patience_seconds)
        self._process = os.getpid()
        self._segment: Optional[Segment] = None
        self._reached: Optional[int] = None  # as `Segment.steps` counts; None where it was not used
        self._was_shown = False  # `stopping` was seen to be true in this segment
        self._has_trained = False
        self._must_end = False  # the group has agreed to end this segment early
        self._is_told = False  # SIGTERM has come,
        self._told_at = 0.0  # monotonic: then
        self._is_over = False
        self._reason: Optional[str] = None
        if os.environ.get("PBT_WORKER"):
            print_by_line()
        _terminate.obey(self._on_terminate)
        _words.install()
        atexit.register(self._leave)

    # ---- training

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        if self._segment is not None and self._session is not None:
            if not self._is_stopping():
                raise StateError(
                    f"segment '{self._segment.id}' was not reported",
                    hint="call report, diverged, fail or release before the loop goes on",
                )
            self.release()
        self._segment = None
        segment = self.claim()
        if segment is None:
            raise StopIteration
        return segment

    def claim(self) -> Optional[Segment]:
        """Return the segment that is held, or wait for the next one; None when the study is over."""
        if self._segment is None and not self._is_over:
            claimed = self._group.share(self._claim)
            if "reason" in claimed:
                self._reason = claimed["reason"]
                self._end()
            else:
                self._segment = Segment(claimed, self._steps)
                self._reached = None
                self._must_end = self._was_shown = False
                pin(self._segment.id)
        return self._segment

    def log(self, step: int, **metrics: Any) -> None:
        """Show how training goes: curves, and that it moves. Decisions never depend on it.

        Args:
            step: the step that was trained.
            metrics: numbers. What is logged often is passed on a few times a second.
        """
        if self._session is not None and self._segment is not None:
            values = {name: number(name, value) for name, value in metrics.items()}
            self._session.heart.progress(max(step, self._reached or 0), values)

    def report(
        self, *, save: Optional[Save] = None, step: Optional[int] = None, **metrics: Any
    ) -> bool:
        """End the segment with its result.

        Where the segment was to end early it is given back instead, with what ``save`` writes.

        Args:
            save: called with the path to write to, a file or a folder (on rank 0 alone). It returns
                when all is on disk, or returns what to wait for: futures, threads, processes. It may be
                left out where the checkpoint is at ``segment.save_to`` already.
            step: where training stopped; defaults to where `Segment.steps` ended. Where that was not
                used it is ``end_step``, or unknown once `stopping` was true: then all is given back.
            metrics: the objective's among them. Shape: a number each, or a list of numbers: single
                evaluations, whose mean is the value. One that is not finite diverged.
        Returns:
            Whether the result counts: False where it was given back, or came too late.
        Raises:
            ReportError: the objective is missing, or the step does not fit the segment.
            CheckpointError: ``save`` left nothing that can be a checkpoint, or is still writing it.
        """
        segment = self._need("report")
        at = self._position(step)
        if at is None:
            at = self._end_of(segment)
        if self._is_stopping() and at < segment.end_step:
            self.release(save=save, step=at)
            return False
        is_counted = True
        if self._session is not None:
            values, samples = split(metrics)
            is_counted = self._report(segment, at, values, samples, save)
        self._forget()
        return is_counted

    def _report(
        self,
        segment: Segment,
        step: int,
        values: Dict[str, Number],
        samples: Dict[str, List[Number]],
        save: Optional[Save],
    ) -> bool:
        session = self._session
        assert session is not None
        measures: Dict[str, Any] = {"metrics": values}
        if samples:
            measures["samples"] = samples
        if not all(is_finite(value) for value in values.values()):
            # What has diverged is not worth the disk; but a loss may be infinite and the objective fine.
            if not is_finite(values.get(session.metric(), 0)):
                return session.report(step, measures, False)
        if save is not None:
            _unfinished.finish(save(segment.save_to))
        has_checkpoint = save is not None or os.path.lexists(segment.save_to)
        return session.report(step, measures, has_checkpoint)

    def diverged(self, **metrics: Any) -> bool:
        """End the segment at once: its weights went to NaN. The member copies a better one.

        Args:
            metrics: what to record; without the objective among them, that is NaN.
        Returns:
            As `report`.
        """
        segment = self._need("diverged")
        is_counted = True
        if self._session is not None:
            values, samples = split(metrics)
            name = self._session.metric()
            if name not in samples:
                values.setdefault(name, "nan")
            at = segment.resume_step if self._reached is None else self._reached
            is_counted = self._report(segment, at, values, samples, None)
        self._forget()
        return is_counted

    def fail(self, message: str, retry: bool = True) -> None:
        """Give up this attempt at the segment.

        Args:
            message: why, in one line, for the study's log.
            retry: whether another attempt might do better.
        """
        self._need("fail")
        if self._session is not None:
            self._session.fail(message[:MESSAGE_CHARACTERS], retry)
        self._forget()

    def release(self, *, save: Optional[Save] = None, step: Optional[int] = None) -> None:
        """Give the segment back, to be gone on with by any worker.

        Args:
            save: called with the path to write progress to; without it, or before the first step, the
                segment begins anew.
            step: as in `report`.
        """
        segment = self._need("release")
        at = self._position(step)
        if self._session is not None:
            self._release(self._session, segment, segment.resume_step if at is None else at, save)
        self._forget()

    def _release(
        self, session: Session, segment: Segment, step: int, save: Optional[Save]
    ) -> None:
        if session.heart.order() == "lost":
            log.warning("%s: the lease was lost; its result is dropped", segment.id)
            session.drop()
            return
        has_progress = save is not None and segment.resume_step < step < segment.end_step
        if has_progress and save is not None:
            _unfinished.finish(save(segment.save_to))
        session.release(step, has_progress)

    @property
    def segment(self) -> Optional[Segment]:
        """The segment that is held, or None."""
        return self._segment

    @property
    def stopping(self) -> bool:
        """Whether training should end before the segment does. `Segment.steps` looks at it.

        In a group of processes it is true on rank 0 first: there, let `Segment.steps` agree on it.
        """
        is_stopping = self._is_stopping()
        self._was_shown = self._was_shown or is_stopping
        return is_stopping

    @property
    def stop_reason(self) -> Optional[str]:
        """Why the iteration ended; None before.

        "finished" (every member has ended), "user" (pbt stop), "score", "seconds" (the spec's
        `stop`), "broken" (no trainer works) or "interrupted" (this worker was told to end).
        """
        return self._reason

    # ---- the four calls, for loops that are written that way

    def save(self, write: Save, *, step: Optional[int] = None, **metrics: Any) -> bool:
        """Hand in weights and score at a ready point: `report` by the name it has in such loops."""
        return self.report(save=write, step=step, **metrics)

    def should_exploit(self) -> bool:
        """Whether other weights must replace those in memory before training goes on.

        Waits for the next segment. False when the study is over.
        """
        segment = self.claim()
        return segment is not None and (
            segment.load is not None or (segment.fresh and self._has_trained)
        )

    def exploit(self) -> Optional[str]:
        """Return the path of the weights to load; None: start afresh, from ``segment.seed``."""
        segment = self.claim()
        return None if segment is None else segment.load

    def explore(self) -> Dict[str, Value]:
        """Return the hyperparameters to train with next, by name; empty when the study is over."""
        segment = self.claim()
        return {} if segment is None else dict(segment.hyperparameters)

    # ---- ending

    def close(self) -> None:
        """End the session. A segment that is held counts as failed."""
        self._close("the program closed its worker before the segment's end")

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        where: Optional[TracebackType],
    ) -> None:
        self._is_told = self._is_told or isinstance(error, KeyboardInterrupt)
        self._close(describe(error) if error is not None else "the program left its worker")

    def _leave(self) -> None:
        """At the interpreter's end: say why, so that nobody waits for the lease to end."""
        last = getattr(sys, "last_value", None)
        self._is_told = self._is_told or isinstance(last, KeyboardInterrupt)
        if last is not None:
            self._close(describe(last))
        else:
            self._close("the program ended within a segment", is_silent=True)

    def _close(self, why: str, is_silent: bool = False) -> None:
        """`is_silent`: where pbt sees this process end it judges by that, for it may know of a stop."""
        atexit.unregister(self._leave)
        if self._process != os.getpid():
            return
        session, self._session, self._segment = self._session, None, None
        self._end()
        if session is None:
            return
        try:
            if session.fields is not None and not self._is_told:
                if is_silent and session.heart.is_watched():
                    session.drop()
                else:
                    session.fail(why[:MESSAGE_CHARACTERS], True, is_leaving=True)
            session.return_all()
        except Exception as error:  # the lease will end by itself
            log.warning("cannot give the segment back: %s", error)
        session.close()

    def _end(self) -> None:
        self._is_over = True
        _terminate.ignore(self._on_terminate)

    # ---- parts

    def _need(self, verb: str) -> Segment:
        if self._process != os.getpid():
            raise StateError("a worker belongs to the process that made it")
        if self._segment is None:
            raise StateError(f"there is no segment to {verb}", hint="claim one: iterate the worker")
        return self._segment

    def _is_stopping(self) -> bool:
        if self._is_told or self._is_over or self._must_end:
            return True
        return self._session is not None and self._session.heart.order() is not None

    def _position(self, step: Optional[int]) -> Optional[int]:
        """The step to report: what was said, or what `steps` counted; None where neither was."""
        return self._reached if step is None else int(step)

    def _end_of(self, segment: Segment) -> int:
        """Where a trainer that counts by itself and says nothing has stopped: at the end, unless it
        saw that it was to stop before."""
        if not self._was_shown:
            return segment.end_step
        log.warning("%s: it is not known how far training came: give step=", segment.id)
        return segment.resume_step

    def _claim(self) -> Dict[str, Any]:
        """The next segment's fields, or the reason why there is none. Rank 0 alone."""
        session = self._session
        assert session is not None
        try:
            fields = session.claim(lambda: self._is_told)
        except Unwanted:
            session.return_all()
            return {"reason": "interrupted"}
        return fields or {"reason": session.stop_reason}

    def _forget(self) -> None:
        self._segment = None
        self._has_trained = True

    def _steps(self, segment: Segment, by: int) -> Iterator[int]:
        if segment is not self._segment:
            raise StateError(f"segment '{segment.id}' is not held any more")
        pin(segment.id)  # again: what was loaded may have brought a random state
        step = ask = self._reached = segment.resume_step
        while step < segment.end_step:
            if step >= ask:
                must_end, stride = self._group.agree(self._is_stopping)
                if must_end:
                    self._must_end = True
                    return
                ask = step + stride * by
            yield step
            step += by
            self._reached = step
            if self._session is not None:
                self._session.heart.progress(step)

    def _on_terminate(self, number_: int, frame: Optional[FrameType]) -> None:
        """Once: stop at the next step. Again, or after the study: end at once.

        A launcher and its group may be sent the same wish, and the launcher pass it on: what comes
        within a moment of the first is no second one.
        """
        now = time.monotonic()
        self._told_at = self._told_at or now
        is_repeated = self._is_told and now - self._told_at >= ECHO_SECONDS
        if is_repeated or self._is_over:
            _terminate.die()
        self._is_told = True


def print_by_line() -> None:
    """Let each line leave when it ends: pbt sorts what a worker prints by what it trains just then."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def describe(error: BaseException) -> str:
    """An exception in one line."""
    text = "".join(traceback.format_exception_only(type(error), error))
    if isinstance(error, Error):
        text = text.replace("\nhint: ", "; hint: ")
    return " ".join(text.split())
