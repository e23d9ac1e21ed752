"""The protocol as one process speaks it: claim, then report, release or fail, and claim again."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any, Callable, Dict, Optional

from ._checkpoints import Places, remove
from ._heart import Heart
from ._wire import Unwanted, Wire, never, pause
from .errors import CheckpointError, Error, LateError

WAIT_SECONDS = 20  # how long a claim may be kept waiting for a segment
LEAVING_SECONDS = 5.0  # the patience of a program that is about to end

log = logging.getLogger("pbt")


class Session:
    """One process's claims on a study. ``fields`` are a segment's, as the server names them."""

    def __init__(
        self, server: str, study: str, token: str, worker: str, patience_seconds: float
    ) -> None:
        self._wire = Wire(server, study, token, patience_seconds)
        self._who = {"worker": worker, "session": secrets.token_hex(16)}
        self._places = Places(self._wire)
        self._next: Optional[Dict[str, Any]] = None  # an action that no claim has taken yet
        self._memory: Optional[str] = None  # the segment whose end the program's weights are
        self._metric: Optional[str] = None
        self.heart = Heart(server, study, token)
        self.fields: Optional[Dict[str, Any]] = None  # the segment that is held
        self.stop_reason: Optional[str] = None  # why there is no next one

    # ---- taking

    def claim(self, is_unwanted: Callable[[], bool]) -> Optional[Dict[str, Any]]:
        """Wait for the next segment and hold it; None where there will be none. Raises Unwanted."""
        while self.fields is None and self.stop_reason is None:
            if is_unwanted():
                raise Unwanted()
            action = self._next
            if action is None or action["action"] == "wait":
                action = self._ask(is_unwanted)
            self._next = None
            if action["action"] == "train":
                self._hold(action["segment"])
            else:
                self.stop_reason = str(action["reason"])
        return self.fields

    def _ask(self, is_unwanted: Callable[[], bool]) -> Dict[str, Any]:
        """Claim; a claim that must wait is kept there, or comes back to be made again."""
        while True:
            asked = time.monotonic()
            body = {**self._who, "wait_seconds": WAIT_SECONDS}
            action = self._wire.post("/claim", body, is_unwanted)
            if action["action"] != "wait":
                return action
            pause(float(action["seconds"]) - (time.monotonic() - asked), is_unwanted)

    def _hold(self, fields: Dict[str, Any]) -> None:
        """Begin to hold a segment; one whose checkpoint cannot be had is given up."""
        self.fields = fields = dict(fields)
        self.heart.begin(fields["segment"], fields["attempt"], fields["lease_seconds"])
        memory, self._memory = self._memory, None
        is_resumed = fields["resume_step"] != fields["start_step"]
        is_at_hand = memory is not None and memory == fields["parent"] and not is_resumed
        try:
            if is_at_hand and fields.get("reload") != "always":
                fields["load"] = None
            elif fields["load"] is not None:
                fields["load"] = self._places.fetch(fields)
            fields["save_to"] = self._places.save_to(fields)
        except (Error, OSError) as error:
            log.warning("cannot begin %s: %s", fields["segment"], error)
            self.fail(f"cannot begin: {error}", True)

    # ---- giving

    def report(self, step: int, measures: Dict[str, Any], has_checkpoint: bool) -> bool:
        """End the held segment with a result; False where it was too late."""
        fields = self._held()
        body = {"attempt": fields["attempt"], "step": step, **measures}
        if has_checkpoint:
            body["checkpoint"] = self._publish(fields)
        try:
            answer = self._post_result("report", body)
        except LateError as error:
            log.warning("%s: %s; its result is dropped", fields["segment"], error.message)
            self.drop()
            return False
        if has_checkpoint:
            self._memory = fields["segment"]
        self.drop()
        self._next = answer["action"]
        return True

    def release(self, step: int, has_checkpoint: bool, is_leaving: bool = False) -> None:
        """Give the held segment back, with what was saved, if anything."""
        fields = self._held()
        body = {"attempt": fields["attempt"], "step": step}
        if has_checkpoint:
            body["checkpoint"] = self._publish(fields)
        try:
            self._post_result("release", body, LEAVING_SECONDS if is_leaving else None)
        except LateError:
            pass
        finally:
            self.drop()

    def fail(self, message: str, can_retry: bool, is_leaving: bool = False) -> None:
        """End the held segment's attempt without a result."""
        fields = self._held()
        body = {"attempt": fields["attempt"], "message": message, "retry": can_retry}
        if is_leaving:
            body["leaving"] = True
        patience = LEAVING_SECONDS if is_leaving else None
        try:
            self._next = self._wire.post(self._path("fail"), body, never, patience)
        except LateError:
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        """Forget the held segment: it is reported, or another's."""
        self.heart.end()
        self.fields = None

    def metric(self) -> str:
        """The name of the study's objective."""
        if self._metric is None:
            self._metric = str(self._wire.get("")["metric"])
        return self._metric

    def return_all(self) -> None:
        """Give back what is held, and what an answer brought and nobody began."""
        action, self._next = self._next, None
        if self.fields is None and action is not None and action["action"] == "train":
            self.fields = dict(action["segment"])
        if self.fields is not None:
            self.release(self.fields["resume_step"], False, is_leaving=True)

    def close(self) -> None:
        """Hang up, end the heartbeats, remove what is this session's own."""
        self.heart.close()
        self._wire.close()
        self._places.close()

    # ---- parts

    def _held(self) -> Dict[str, Any]:
        assert self.fields is not None
        return self.fields

    def _path(self, verb: str) -> str:
        return f"/segments/{self._held()['segment']}/{verb}"

    def _publish(self, fields: Dict[str, Any]) -> str:
        return self._places.publish(fields["segment"], fields["attempt"], fields["save_to"])

    def _post_result(
        self, verb: str, body: Dict[str, Any], patience_seconds: Optional[float] = None
    ) -> Dict[str, Any]:
        """Post; where the server does not find what was saved, the folder is not shared: send it."""
        fields = self._held()
        try:
            answer = self._wire.post(self._path(verb), body, never, patience_seconds)
        except CheckpointError:
            if body.get("checkpoint") != "saved" or self._places.is_shared():
                raise
            self._places.give_up_sharing()
            self._places.upload(fields["segment"], fields["attempt"], fields["save_to"])
            remove(fields["save_to"])
            body["checkpoint"] = "uploaded"
            return self._wire.post(self._path(verb), body, never, patience_seconds)
        if body.get("checkpoint") == "saved":
            self._places.confirm_sharing()
        return answer
