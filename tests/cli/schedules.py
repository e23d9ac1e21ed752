"""The recipe of docs/schedulers.md: a schedule that ends where each member's training ends, though
members are of unequal speed and copy each other."""

import pathlib
import re
import sys
import types
import unittest

import tap
import torch
from case import Case

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = """\
version: 1
name: recipe
objective: {{metric: value}}
population: 4
ready: {{every: 10}}
stop: {{steps: {steps}}}
exploit: {{rule: truncation, fraction: 0.5, quorum: 0.5, compare: latest}}
hyperparameters:
  lr: {{type: float, scale: log, min: 0.01, max: 1.0}}
trainer:
  command: [{python}, train.py]
  environment: {{PYTHONPATH: "{source}"}}
"""
TRAINER = """\
import json
import pbt
from schedules import one_cycle, progress, warmup_cosine

state = {}
def load(path):
    state.update(json.load(open(path)))
def save(path):
    json.dump(state, open(path, "w"))

worker = pbt.Worker()
for segment in worker:
    if segment.load:
        load(segment.load)
    elif segment.fresh:
        state.update(value=0.0)
    for step in segment.steps():
        state["value"] += segment.hyperparameters["lr"] * one_cycle(progress(segment, step))
    worker.report(
        value=state["value"], save=save, end=progress(segment, segment.end_step),
        begin=progress(segment, segment.start_step), stop=segment.stop_step,
        rate=warmup_cosine(progress(segment, segment.end_step)),
    )
"""


def code(name):
    page = (ROOT / "docs/schedulers.md").read_text(encoding="utf-8")
    return re.search(rf"<!-- code: {name} -->\n```python\n(.*?)```", page, re.DOTALL)[1]


class Recipe(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "schedules.py").write_text(code("schedules"))
        (self.folder / "train.py").write_text(TRAINER)
        self.write(40)

    def write(self, steps):
        (self.folder / "spec.yaml").write_text(
            SPEC.format(python=sys.executable, source=ROOT / "python/src", steps=steps)
        )

    def test_the_schedule_ends_with_each_members_training(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        rows = {row["segment"]: row for row in self.json("segments")}
        self.assertTrue(any(row["donor"] is not None for row in rows.values()))
        for row in rows.values():
            begin, end = row["metrics"]["begin"], row["metrics"]["end"]
            left = 40 - row["end_step"]
            self.assertAlmostEqual(end, row["end_age"] / (row["end_age"] + left), 12)
            self.assertLess(begin, end)
            self.assertEqual(row["metrics"]["stop"], 40)
            if row["end_step"] == 40:
                self.assertEqual(end, 1.0)
                self.assertAlmostEqual(row["metrics"]["rate"], 0.0, 12)
            if row["donor"] is None and row["parent"] is not None:
                self.assertAlmostEqual(begin, rows[row["parent"]]["metrics"]["end"], 12)

    def test_it_stretches_with_the_study(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("amend", "recipe", "stop.steps=60")
        self.write(60)
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        last = [row for row in self.json("segments") if row["end_step"] == 60]
        self.assertEqual([row["metrics"]["end"] for row in last], [1.0] * 4)
        self.assertEqual([row["metrics"]["stop"] for row in last], [60] * 4)

    def test_a_scheduler_made_anew(self):
        """The donor's rate, which loading brought, has no say."""
        names = {}
        exec(code("schedules") + code("anew"), names)  # pylint: disable=exec-used
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        optimizer.param_groups[0]["initial_lr"] = 0.5
        segment = types.SimpleNamespace(start_step=10, start_age=30, stop_step=40, resume_step=15,
                                        hyperparameters={"lr": 0.1})  # fmt: skip
        scheduler = names["schedule"](optimizer, segment)
        for step in range(15, 40):
            rate = 0.1 * names["one_cycle"]((step + 20) / 60)
            self.assertAlmostEqual(optimizer.param_groups[0]["lr"], rate)
            optimizer.step()
            scheduler.step()

    def test_weights_that_are_older_or_younger_than_their_members_work(self):
        shapes = {}
        exec(code("schedules"), shapes)  # pylint: disable=exec-used
        for start_step, start_age, at_start in ((100, 300, 0.5), (300, 100, 0.5), (0, 0, 0.0)):
            segment = types.SimpleNamespace(start_step=start_step, start_age=start_age)
            segment.stop_step = 400
            rows = [shapes["progress"](segment, step) for step in range(start_step, 401)]
            self.assertEqual((rows[0], rows[-1]), (at_start, 1.0))
            self.assertEqual(rows, sorted(rows))

    def test_the_shapes(self):
        shapes = {}
        exec(code("schedules"), shapes)  # pylint: disable=exec-used
        cosine, cycle = shapes["warmup_cosine"], shapes["one_cycle"]
        self.assertEqual([cosine(0), cosine(0.05), cosine(1)], [0, 1, 0])
        self.assertAlmostEqual(cosine(1, floor=0.1), 0.1)
        self.assertAlmostEqual(cycle(0), 1 / 25)
        self.assertEqual(cycle(0.3), 1)
        self.assertAlmostEqual(cycle(1), 1 / 250000)
        for shape, top in ((cosine, 0.05), (cycle, 0.3)):
            rates = [shape(i / 1000) for i in range(1001)]
            peak = rates.index(max(rates))
            self.assertEqual(peak, 1000 * top)
            self.assertEqual(rates[: peak + 1], sorted(rates[: peak + 1]))
            self.assertEqual(rates[peak:], sorted(rates[peak:], reverse=True))


tap.main()
