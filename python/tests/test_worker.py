"""A study from end to end, and every way a segment can end."""

import math
import os
import pathlib
import unittest

import pbt
import tap
from case import Case, write


class Array:
    """Looks like an array or a tensor."""

    def __init__(self, value):
        self.value = value

    def tolist(self):
        return self.value


class Worker(Case):
    def checkpoint(self, segment):
        return (self.folder / "checkpoints" / segment).read_text(encoding="utf-8")

    def test_a_study_from_start_to_end(self):
        self.study(population=2, every=10, stop=30)
        steps, weights = {}, None
        worker = self.worker()
        for segment in worker:
            if segment.load:
                weights = pathlib.Path(segment.load).read_text(encoding="utf-8")
            elif segment.fresh:
                weights = f"seed {segment.seed}"
            if segment.parent:
                self.assertEqual(weights, self.checkpoint(segment.parent))
            self.assertEqual(len(list(segment.steps())), 10)
            steps[segment.id] = (segment.start_step, segment.end_step)
            weights += f" {segment.id}"
            self.assertTrue(worker.report(score=segment.member, save=write(weights)))
        self.assertEqual(worker.stop_reason, "finished")
        expected = {f"m{m}s{n}": (10 * n, 10 * n + 10) for m in range(2) for n in range(3)}
        self.assertEqual(steps, expected)
        # Member 0, the worse, was trained on from member 1.
        self.assertIn("seed 1001 m1s", self.checkpoint("m0s2"))
        self.assertEqual(len(self.bodies("claim")), 1)  # all other segments came with a report's answer
        self.assertEqual(self.server.connection_count, 1)

    def test_what_is_in_memory_is_not_loaded(self):
        self.study(population=1)
        loads = []
        worker = self.worker()
        for segment in worker:
            loads.append((segment.fresh, segment.load))
            worker.report(score=1, save=write("x"))
        self.assertEqual(loads, [(True, None), (False, None), (False, None)])

    def test_all_is_loaded_where_the_spec_says_always(self):
        self.study(population=1, reload="always")
        worker = self.worker()
        loads = []
        for segment in worker:
            loads.append(segment.load and os.path.basename(segment.load))
            worker.report(score=1, save=write("x"))
        self.assertEqual(loads, [None, "m0s0", "m0s1"])

    def test_another_session_loads(self):
        self.study(population=1)
        first = self.worker()
        next(first)
        first.report(score=1, save=write("x"))
        first.close()
        segment = next(self.worker())
        self.assertEqual((segment.id, os.path.basename(segment.load)), ("m0s1", "m0s0"))

    def test_hyperparameters_keep_their_types(self):
        given = {"a": 1, "b": 1.0, "c": True, "d": "adam", "e": 1e-300}
        self.study(population=1, hyperparameters=given)
        values = next(self.worker()).hyperparameters
        self.assertEqual(values, given)
        self.assertEqual([type(value) for value in values.values()], [int, float, bool, str, float])

    def test_metrics_are_numbers_or_samples(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.report(
            save=write("x"), score=[1, Array(2.5)], loss=math.inf, rest=-math.inf, gap=Array(math.nan)
        )
        (_, body), = self.bodies("report")
        self.assertEqual(body["samples"], {"score": [1, 2.5]})
        self.assertEqual(body["metrics"], {"loss": "inf", "rest": "-inf", "gap": "nan"})
        self.assertEqual((body["step"], body["checkpoint"]), (10, "saved"))

    def test_what_is_no_number_is_refused_and_the_segment_kept(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        for value in ("high", None, [[1]], [None], {}):
            with self.subTest(value=value), self.assertRaises(pbt.ArgumentError):
                worker.report(save=write("x"), score=value)
        with self.assertRaisesRegex(pbt.ArgumentError, "neither a number nor .*: '0.9'$"):
            worker.report(save=write("x"), score="0.9")
        with self.assertRaisesRegex(pbt.ArgumentError, "neither a number nor .*: <class 'dict'>$"):
            worker.report(save=write("x"), score={})
        with self.assertRaisesRegex(pbt.ReportError, "score"):
            worker.report(save=write("x"), loss=1)
        self.assertIs(worker.segment, segment)
        self.assertTrue(worker.report(save=write("x"), score=1))

    def test_diverged_needs_no_checkpoint(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        for step in segment.steps():
            if step == 3:
                break
        self.assertTrue(worker.diverged(loss=math.nan))
        (_, body), = self.bodies("report")
        self.assertEqual(body, {"attempt": 1, "step": 3, "metrics": {"score": "nan", "loss": "nan"}})
        again = next(worker)  # nothing that memory holds may be trained on
        self.assertTrue(again.fresh)

    def test_an_objective_that_is_not_finite_is_not_saved(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        self.assertTrue(worker.report(score=math.nan, save=self.fail))

    def test_another_metric_that_is_not_finite_is_no_divergence(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.report(score=1, loss=math.inf, save=write("x"))
        self.assertEqual(self.bodies("report")[0][1]["checkpoint"], "saved")

    def test_steps_in_larger_bites_may_overshoot(self):
        self.study(population=1)
        worker = self.worker()
        self.assertEqual(list(next(worker).steps(by=4)), [0, 4, 8])
        worker.report(score=1, save=write("x"))
        self.assertEqual(self.bodies("report")[0][1]["step"], 12)
        self.assertEqual(next(worker).start_step, 12)

    def test_fail(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.fail("out of memory " * 1000)
        self.assertEqual(next(worker).attempt, 2)
        worker.fail("no such file", retry=False)
        self.assertRaises(StopIteration, next, worker)
        first, second = [body for _, body in self.bodies("fail")]
        self.assertTrue(first["retry"] and len(first["message"]) == 1000)
        self.assertEqual(second, {"attempt": 2, "message": "no such file", "retry": False})

    def test_release_with_progress(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        for step in segment.steps():
            if step == 4:
                break
        worker.release(save=write("half"))
        again = next(worker)
        self.assertEqual((again.id, again.attempt, again.resume_step), ("m0s0", 2, 4))
        self.assertEqual((again.end_step, again.stop_step), (10, 30))
        self.assertEqual((again.resume_age, again.fresh), (4, False))
        self.assertEqual(pathlib.Path(again.load).read_text(encoding="utf-8"), "half")
        self.assertEqual(list(again.steps()), [4, 5, 6, 7, 8, 9])

    def test_progress_of_another_is_loaded_though_the_start_is_in_memory(self):
        self.study(population=1)
        first, second = self.worker(), self.worker(name="w1")
        next(first)
        self.state.is_held_back = True
        first.report(score=1, save=write("whole"))
        self.state.is_held_back = False
        for step in next(second).steps():
            if step == 14:
                break
        second.release(save=write("and a half"))
        segment = next(first)
        self.assertEqual((segment.parent, segment.resume_step), ("m0s0", 14))
        self.assertEqual(pathlib.Path(segment.load).read_text(encoding="utf-8"), "and a half")

    def test_release_before_the_first_step_saves_nothing(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        worker.release(save=self.fail)
        self.assertEqual(next(worker).resume_step, 0)

    def test_a_forgotten_report_is_an_error(self):
        self.study(population=1)
        worker = self.worker()
        next(worker)
        with self.assertRaisesRegex(pbt.StateError, "'m0s0' was not reported"):
            next(worker)

    def test_without_a_segment_there_is_nothing_to_report(self):
        self.study(population=1)
        worker = self.worker()
        for verb in (worker.report, worker.diverged, worker.release, lambda: worker.fail("x")):
            with self.assertRaisesRegex(pbt.StateError, "no segment"):
                verb()

    def test_steps_of_a_segment_that_is_gone(self):
        self.study(population=1)
        worker = self.worker()
        segment = next(worker)
        worker.release()
        with self.assertRaises(pbt.StateError):
            list(segment.steps())

    def test_outside_a_study(self):
        for name in ("PBT_SERVER", "PBT_STUDY"):
            self.assertIsNone(os.environ.get(name))
        with self.assertRaisesRegex(pbt.NoStudyError, "PBT_SERVER is not set.*\n.*pbt run SPEC`$"):
            pbt.Worker()
        with self.assertRaisesRegex(pbt.ArgumentError, "not the URL"):
            pbt.Worker("localhost:1", "toy")

    def test_population_of_a_hundred_in_one_process(self):
        self.study(population=100, every=1, stop=3)
        worker = self.worker()
        counts = {}
        for segment in worker:
            counts[segment.member] = counts.get(segment.member, 0) + 1
            worker.report(score=segment.member, save=write("x"))
        self.assertEqual(counts, {member: 3 for member in range(100)})


class FourCalls(Case):
    def test_a_loop_that_asks_at_every_ready_point(self):
        self.study(population=2, every=10, stop=30)
        worker = self.worker()
        weights, loads = "mine", 0
        while worker.claim():
            if worker.should_exploit():
                path = worker.exploit()
                weights = pathlib.Path(path).read_text(encoding="utf-8") if path else "mine"
                loads += 1
            values = worker.explore()
            self.assertIn(values["rate"], (1.0, 2.0))
            weights += f" {worker.segment.id}"
            worker.save(write(weights), score=worker.segment.member)
        self.assertFalse(worker.should_exploit())
        self.assertIsNone(worker.exploit())
        self.assertEqual(worker.explore(), {})
        self.assertEqual(len(self.bodies("report")), 6)
        self.assertGreaterEqual(loads, 3)

    def test_the_first_start_exploits_nothing(self):
        self.study(population=1)
        worker = self.worker()
        self.assertFalse(worker.should_exploit())
        worker.diverged()
        self.assertTrue(worker.should_exploit())  # afresh: what is in memory is worthless
        self.assertIsNone(worker.exploit())


if __name__ == "__main__":
    tap.main()
