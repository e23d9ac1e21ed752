"""A long-lived trainer: a function of its checkpoint, its rate, its seed and its steps."""

import json
import time

import pbt


def save(path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump([x, trained], file)


worker = pbt.Worker()
for segment in worker:
    if segment.load:
        with open(segment.load, encoding="utf-8") as file:
            x, trained = json.load(file)
    elif segment.fresh:
        x, trained = 5.0 + segment.seed % 1000 / 1000, 0
    for step in segment.steps():
        x -= segment.hyperparameters["rate"] * (x - 0.5)
        trained += 1
        time.sleep(0.001)
    worker.report(score=-x, trained=trained, save=save)
