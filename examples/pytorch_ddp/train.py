"""Two processes that train one member together, as a member of a population.

    build/pbt run examples/pytorch_ddp/pbt.yaml

DistributedDataParallel averages the gradients of both; each takes half of every batch. Rank 0 alone
speaks to the study, and hands each segment on. The task is made here: to tell two spirals apart.
"""
import math

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import pbt

BATCH = 64  # per process


def broadcast(thing):
    """Rank 0's object, on every rank."""
    box = [thing]
    dist.broadcast_object_list(box)
    return box[0]


def spirals(count, generator):
    """Points as float32 [count, 2]; which spiral each lies on as float32 [count], 0 or 1."""
    side = torch.randint(2, (count,), generator=generator).float()
    turn = torch.rand(count, generator=generator) * 3 * math.pi
    angle = turn + side * math.pi
    points = torch.stack([turn * angle.cos(), turn * angle.sin()], 1) / (3 * math.pi)
    return points + 0.02 * torch.randn(count, 2, generator=generator), side


class Member:
    def initialise(self, seed):
        torch.manual_seed(seed)  # the same on every rank, so the weights are
        layers = [nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)]
        self.net = nn.Sequential(*layers)
        self.model = DistributedDataParallel(self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters())

    def apply(self, learning_rate, beta1, weight_decay):
        for group in self.optimizer.param_groups:
            group.update(lr=learning_rate, betas=(beta1, 0.999), weight_decay=weight_decay)

    def train(self, age):
        generator = torch.Generator().manual_seed(age * dist.get_world_size() + dist.get_rank())
        points, side = spirals(BATCH, generator)
        loss = nn.functional.binary_cross_entropy_with_logits(self.model(points).squeeze(1), side)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def accuracy(self):
        """Each rank evaluates its own points; the mean is everyone's."""
        points, side = spirals(2000, torch.Generator().manual_seed(-1 - dist.get_rank()))
        with torch.no_grad():
            right = ((self.net(points).squeeze(1) > 0) == (side > 0.5)).float().mean()
        dist.all_reduce(right)
        return right.item() / dist.get_world_size()

    def save(self, path):
        torch.save((self.net.state_dict(), self.optimizer.state_dict()), path)

    def load(self, path):
        net, optimizer = torch.load(path)
        self.net.load_state_dict(net)
        self.optimizer.load_state_dict(optimizer)


def main():
    member = Member()
    member.initialise(0)
    worker = pbt.Worker(broadcast=broadcast)
    for segment in worker:  # the same segments on every rank
        if segment.load:
            member.load(segment.load)
        elif segment.fresh:
            member.initialise(segment.seed)
        member.apply(**segment.hyperparameters)
        for step in segment.steps():  # on every rank, so that all stop at the same step
            worker.log(step, loss=member.train(segment.start_age + step - segment.start_step))
        worker.report(accuracy=member.accuracy(), save=member.save)  # rank 0 saves and reports


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()  # after the model is gone, which holds on to the group
