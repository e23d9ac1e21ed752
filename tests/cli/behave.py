"""What the trainers of behaviours.py share: a Python worker that notes what it was given.

Its weights say how many steps are in them, whose segments those were, and their width. A line goes
to the file `notes` when a segment begins and when its report has been answered.
"""

import json
import os
import pathlib
import time

import pbt

NOTES = pathlib.Path("notes")
PATIENCE_SECONDS = 60
TOGETHER = int(os.environ["TOGETHER"])  # processes to wait for before the first trains


def note(**facts):
    """Append a line, whole."""
    with open(NOTES, "a", encoding="utf-8", buffering=1) as file:
        file.write(json.dumps(facts) + "\n")


def notes(verb):
    """The facts of all lines of a verb."""
    lines = NOTES.read_text(encoding="utf-8").splitlines() if NOTES.exists() else []
    return [facts for facts in map(json.loads, lines) if facts["verb"] == verb]


def wait_for(condition):
    """Wait until something others do is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("waited in vain")
        time.sleep(0.005)


def reported(member, number=0):
    """Whether a member's segment of this number, or a later one, has been reported."""
    return any(f["member"] == member and f["number"] >= number for f in notes("reported"))


class Trainer:
    """A case overrides what it is about."""

    def __init__(self):
        self.worker = pbt.Worker()
        self.segment = self.weights = None

    def arrive(self):
        """Before anything is loaded."""

    def begin(self):
        """Before training."""

    def step(self):
        self.weights["trained"] += 1

    def score(self):
        return self.segment.member

    def end(self):
        self.report()

    def save(self, path):
        pathlib.Path(path).write_text(json.dumps(self.weights), encoding="utf-8")

    def report(self, **more):
        trained = self.weights["trained"]
        return self.worker.report(**{"score": self.score(), "trained": trained,
                                     "save": self.save} | more)

    def load(self):
        segment = self.segment
        if segment.load:
            self.weights = json.loads(pathlib.Path(segment.load).read_text(encoding="utf-8"))
        elif segment.fresh:
            width = segment.hyperparameters.get("width")
            self.weights = {"trained": 0, "lineage": [], "width": width}

    def facts(self):
        segment = self.segment
        return {"process": os.getpid(), "segment": segment.id, "member": segment.member,
                "number": segment.number, "attempt": segment.attempt, "donor": segment.donor,
                "hyperparameters": segment.hyperparameters, "weights": self.weights}

    def run(self):
        for self.segment in self.worker:
            self.arrive()
            self.load()
            note(verb="begun", **self.facts())
            wait_for(lambda: len({f["process"] for f in notes("begun")}) >= TOGETHER)
            self.begin()
            for _ in self.segment.steps():
                self.step()
            self.weights["lineage"].append(self.segment.id)
            facts = self.facts()
            self.end()
            note(verb="reported", **facts)
