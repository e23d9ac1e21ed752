"""A network that learns Fashion-MNIST, as a member of a population (pbt.yaml).

A step is one example: a batch is many steps, and tuning its size buys no data. All that is random
follows from a seed and the weights' age, so a segment that is trained again comes out the same.
"""
import gzip
import os

import torch
from torch import nn

import pbt

DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
TRAINING = 55000  # of 60,000 images; the others validate


def read(name, header_bytes):
    with gzip.open(f"{DATA}/{name}-ubyte.gz") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[header_bytes:]


def examples(part):
    """Images as float32 [count, 784] in 0..1, labels as int64 [count]."""
    images = read(f"{part}-images-idx3", 16).view(-1, 784)
    return images.float().div_(255), read(f"{part}-labels-idx1", 8).long()


def order(seed, age, count):
    """The examples to show from an age on, each epoch shuffled anew. Shape: at least [count]"""
    first, start = divmod(age, TRAINING)
    make = torch.Generator()
    epochs = range(first, first + 1 + (start + count) // TRAINING)
    shuffled = [torch.randperm(TRAINING, generator=make.manual_seed(seed + e)) for e in epochs]
    return torch.cat(shuffled)[start:]


class Member:
    """The model, its optimizer, and the seed that its data follow."""

    def __init__(self, seed):
        self.seed = seed
        torch.manual_seed(seed)
        self.dropout = nn.Dropout()
        layers = [nn.Linear(784, 128), nn.ReLU(), self.dropout, nn.Linear(128, 64), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Linear(64, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def apply(self, learning_rate, momentum, weight_decay, dropout):
        self.dropout.p = dropout
        for group in self.optimizer.param_groups:
            group.update(lr=learning_rate, momentum=momentum, weight_decay=weight_decay)

    def train(self, images, labels):
        self.model.train()
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def accuracy(self, images, labels):
        self.model.eval()
        with torch.no_grad():
            return (self.model(images).argmax(1) == labels).float().mean().item()

    def save(self, path):
        torch.save((self.model.state_dict(), self.optimizer.state_dict(), self.seed), path)

    def load(self, path):
        model, optimizer, self.seed = torch.load(path)
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(optimizer)


def main():
    member = Member(seed=0)
    images, labels = examples("train")
    worker = pbt.Worker()
    for segment in worker:
        if segment.load:
            member.load(segment.load)
        elif segment.fresh:
            member = Member(segment.seed)
        size = segment.hyperparameters.pop("batch_size")
        member.apply(**segment.hyperparameters)  # after loading, which brings the donor's
        torch.manual_seed(member.seed + segment.resume_age)  # dropout
        steps = segment.end_step - segment.resume_step
        shown = order(member.seed, segment.resume_age, steps + size).split(size)
        for step, batch in zip(segment.steps(by=size), shown):
            worker.log(step, loss=member.train(images[batch], labels[batch]))
        accuracy = member.accuracy(images[TRAINING:], labels[TRAINING:])
        worker.report(accuracy=accuracy, save=member.save)


if __name__ == "__main__":
    main()
