"""A segment, as a worker trains it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Union

Value = Union[int, float, bool, str]


class Segment:
    """One stretch of a member's training, with fixed hyperparameters.

    Attributes:
        id: such as ``"m3s12"``: member 3, number 12, both from 0.
        attempt: which try at it this is, from 1.
        member: the member's place in the population, from 0.
        number: how many segments of the member came before.
        parent: the segment whose weights it starts from, or None.
        donor: the member that was copied to make it, or None.
        start_step, end_step: the member's own clock. Units: steps, of the trainer's own choice.
        stop_step: where the member's training ends: the spec's ``stop.steps``; None without it. Units: steps.
        start_age, end_age: steps that are in the weights, whoever trained them. Units: steps.
        resume_step: where training goes on: ``start_step``, or where a released attempt left off.
        seed: for what is random in a fresh start; the same in every attempt.
        fresh: whether to initialise from ``seed``; there is nothing to load then.
        hyperparameters: by name, in the types of the spec: an int is an int, 1.0 a float.
        changes: what explore did: a name to ``{"operation" "from" "to"}``.
        load: the path of the file or folder to load first, or None: go on with what is in memory.
        save_to: the path where the checkpoint goes, a file or a folder.
        lease_seconds: how long the segment stays this worker's without a heartbeat.
    """

    def __init__(self, fields: Dict[str, Any], steps: Callable[..., Iterator[int]]) -> None:
        self.id: str = fields["segment"]
        self.attempt: int = fields["attempt"]
        self.member: int = fields["member"]
        self.number: int = fields["number"]
        self.parent: Optional[str] = fields["parent"]
        self.donor: Optional[int] = fields["donor"]
        self.start_step: int = fields["start_step"]
        self.end_step: int = fields["end_step"]
        self.stop_step: Optional[int] = fields.get("stop_step")  # an older server does not say
        self.start_age: int = fields["start_age"]
        self.end_age: int = fields["end_age"]
        self.resume_step: int = fields["resume_step"]
        self.seed: int = fields["seed"]
        self.fresh: bool = fields["fresh"]
        self.hyperparameters: Dict[str, Value] = fields["hyperparameters"]
        self.changes: Dict[str, Dict[str, Any]] = fields["changes"]
        self.load: Optional[str] = fields["load"]
        self.save_to: str = fields["save_to"]
        self.lease_seconds: float = fields["lease_seconds"]
        self._steps = steps

    @property
    def resume_age(self) -> int:
        """The age of the weights where training goes on. Units: steps."""
        return self.start_age + self.resume_step - self.start_step

    def steps(self, by: int = 1) -> Iterator[int]:
        """Count the steps to train: ``resume_step``, and so on up to ``end_step``, which is not one.

        It ends early where the worker is told to stop; `Worker.report` then does what is right. With
        ``by`` a trainer works in larger bites: each number begins one, and the last may overshoot.
        In a group of processes all must iterate, and all stop at the same step.
        """
        return self._steps(self, by)

    def __repr__(self) -> str:
        shown: List[str] = [f"steps {self.resume_step}..{self.end_step}"]
        if self.load is not None:
            shown.append(f"load {self.load!r}")
        elif self.fresh:
            shown.append("fresh")
        return f"<pbt.Segment {self.id} attempt {self.attempt}: {', '.join(shown)}>"
