"""Several processes that train one member: two threads stand for them, a queue for their network."""

import queue
import threading
import time
import unittest

import pbt
import tap
from case import Case, write
from pbt._ranks import Group, own_rank


class Ring:
    """Rank 0's objects, for everyone."""

    def __init__(self, size):
        self.queues = [queue.Queue() for _ in range(size - 1)]
        self.count = 0

    def of(self, rank):
        def broadcast(thing):
            if rank > 0:
                assert thing is None
                return self.queues[rank - 1].get(timeout=30)
            self.count += 1
            for each in self.queues:
                each.put(thing)
            return thing

        return broadcast


class Ranks(Case):
    def together(self, train):
        """Run train(worker, rank) as two ranks; return what each returned."""
        results, ring = [None, None], Ring(2)
        workers = [
            pbt.Worker(self.server.url, "toy", "a-token-for-tests", "w0",
                       broadcast=ring.of(rank), rank=rank)  # fmt: skip
            for rank in range(2)
        ]

        def run(rank):
            results[rank] = train(workers[rank], rank)

        threads = [threading.Thread(target=run, args=(rank,)) for rank in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for worker in workers:
            worker.close()
        self.ring = ring
        return results

    def test_all_hear_the_same_and_only_rank_0_speaks(self):
        self.study(population=2)

        def train(worker, rank):
            seen = []
            for segment in worker:
                steps = sum(1 for _ in segment.steps())
                seen.append((segment.id, segment.load, segment.fresh, segment.save_to, steps))
                worker.log(steps, loss=1.0)
                save = write("x") if rank == 0 else self.fail
                self.assertTrue(worker.report(score=segment.member, save=save))
            return seen, worker.stop_reason

        first, second = self.together(train)
        self.assertEqual(first, second)
        self.assertEqual((len(first[0]), first[1]), (6, "finished"))
        self.assertEqual(len(self.bodies("report")), 6)

    def test_a_rank_that_does_not_report_goes_on_too(self):
        self.study(population=1)

        def train(worker, rank):
            return [rank or worker.report(score=1, save=write("x")) for _ in worker]

        first, second = self.together(train)
        self.assertEqual((first, second), ([True] * 3, [1] * 3))

    def test_all_stop_at_the_same_step(self):
        self.study(population=1, every=100000, stop=100000, lease_seconds=0.3)
        self.state.orders["m0s0"] = "release"

        def train(worker, rank):
            segment = worker.claim()
            count = 0
            for _ in segment.steps():
                count += 1
                time.sleep(0.001 * (rank + 1))
            self.assertTrue(worker.stopping)
            self.assertFalse(worker.report(score=1, save=write("x")))
            return count

        first, second = self.together(train)
        self.assertEqual(first, second)
        self.assertTrue(0 < first < 100000)
        self.assertEqual(self.bodies("release")[0][1]["step"], first)
        self.assertLess(self.ring.count, 50)  # asked about once a second, not at every step


class Rank(unittest.TestCase):
    def test_the_rank_comes_from_the_launcher(self):
        import os
        from unittest import mock

        for name in ("RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"):
            with mock.patch.dict(os.environ, {name: "3"}):
                self.assertEqual(own_rank(), 3)
        self.assertEqual(own_rank(), 0)
        with mock.patch.dict(os.environ, {"RANK": "3"}):
            self.assertTrue(Group(None, None).speaks)  # without a group everyone speaks
            self.assertFalse(Group(lambda thing: thing, None).speaks)
            self.assertTrue(Group(lambda thing: thing, 0).speaks)


if __name__ == "__main__":
    tap.main()
