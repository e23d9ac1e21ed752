"""What workers say: every verb, repeats, what is late, leases, sessions, waiting."""

import os
import pathlib
import threading
import time

import tap
from case import Case


class Worker(Case):
    def test_a_segment_says_all_that_training_needs(self):
        segment = self.train()
        self.assertEqual(segment["segment"], "m0s0")
        self.assertEqual(segment["attempt"], 1)
        self.assertEqual((segment["member"], segment["number"]), (0, 0))
        self.assertEqual((segment["start_step"], segment["end_step"]), (0, 10))
        self.assertEqual((segment["start_age"], segment["end_age"]), (0, 10))
        self.assertEqual(segment["resume_step"], 0)
        self.assertIs(segment["fresh"], True)
        self.assertIsNone(segment["load"])
        self.assertIsNone(segment["parent"])
        self.assertIsNone(segment["donor"])
        self.assertEqual(segment["changes"], {})
        self.assertEqual(segment["reload"], "needed")
        self.assertEqual(segment["lease_seconds"], 60)
        self.assertEqual(pathlib.Path(segment["save_to"]).name, "m0s0.1")
        values = segment["hyperparameters"]
        self.assertIs(type(values["rate"]), float)
        self.assertIn(values["width"], (32, 64))
        self.assertIn(values["name"], ("sgd", "adam"))

    def test_where_training_ends_is_what_is_in_force(self):
        first = self.train()
        self.assertEqual(first["stop_step"], 40)
        amendment = {"amendments": [{"key": "stop.steps", "value": "80"}]}
        self.ok("POST", "/v1/studies/tiny/amend", amendment)
        self.assertEqual(self.report(first)["action"]["segment"]["stop_step"], 80)

    def test_the_folder_is_known_by_a_file_in_it(self):
        shared = self.train()["shared"]
        mark = pathlib.Path(shared["file"])
        self.assertEqual(mark.parent, self.folder.resolve() / "tiny.checkpoints" / ".aside")
        self.assertEqual(mark.read_text(encoding="ascii"), shared["nonce"])
        mark.unlink()
        again = self.train(worker="two")["shared"]
        self.assertNotEqual(again, shared)
        self.assertEqual(pathlib.Path(again["file"]).read_text(encoding="ascii"), again["nonce"])
        self.close()
        self.assertFalse(os.path.exists(again["file"]))

    def test_what_is_loaded_has_its_kind_and_size(self):
        first = self.train()
        for name in ("load", "load_kind", "load_bytes", "load_modified_ns"):
            self.assertIsNone(first[name])
        following = self.report(first)["action"]["segment"]
        while following["load"] is None:
            following = self.report(following)["action"]["segment"]
        size = os.path.getsize(following["load"])
        self.assertEqual((following["load_kind"], following["load_bytes"]), ("file", size))
        self.assertIsNone(following["load_modified_ns"])

    def test_a_report_is_followed_by_the_next_segment(self):
        first = self.train()
        answer = self.report(first)
        self.assertEqual(answer["decision"]["segment"], "m0s1")
        self.assertEqual(answer["decision"]["reason"], "continue")
        action = answer["action"]
        self.assertEqual(action["action"], "train")
        # The members that nobody has trained come first.
        self.assertEqual(action["segment"]["segment"], "m1s0")

    def test_a_whole_study(self):
        trained = self.finish(lambda segment: segment["member"] + segment["number"] / 100)
        self.assertEqual(len(trained), 16)
        self.assertEqual(self.claim(), {"action": "stop", "reason": "finished"})
        show = self.ok("GET", "/v1/studies/tiny")
        self.assertEqual((show["state"], show["steps_done"]), ("finished", 160))
        self.assertGreater(show["exploits"], 0)
        self.assertEqual(self.tell("verify"), "0")

    def test_what_is_loaded_is_what_the_parent_saved(self):
        loaded = 0
        action = self.claim()
        while action["action"] == "train":
            segment = action["segment"]
            if segment["load"] is not None:
                text = pathlib.Path(segment["load"]).read_text()
                self.assertEqual(text.split(".")[0], segment["parent"])
                loaded += 1
            action = self.report(segment, segment["member"])["action"]
        self.assertEqual(loaded, 12)

    def test_a_repeated_report_is_recorded_once(self):
        segment = self.train()
        first = self.report(segment)
        body = self.result(segment)
        second = self.ok("POST", self.path(segment, "report"), body)
        self.assertEqual(second["recorded"], first["recorded"])
        self.assertEqual(second["decision"], first["decision"])
        # A repeat does not say who asks; a claim does, and is given what the session holds.
        self.assertEqual(second["action"], {"action": "wait", "seconds": 0})
        self.assertEqual(self.train(), first["action"]["segment"])
        events = self.ok("GET", "/v1/studies/tiny/events")
        self.assertEqual([e["kind"] for e in events].count("reported"), 1)

    def test_a_report_is_repeated_when_its_checkpoint_is_gone(self):
        segment = self.train()
        first = self.report(segment, -1)
        self.finish()
        self.refused("ERR_NOT_FOUND", "GET", f"/v1/studies/tiny/checkpoints/{segment['segment']}")
        second = self.ok("POST", self.path(segment, "report"), self.result(segment, -1))
        self.assertEqual(second["decision"], first["decision"])
        self.assertEqual(second["action"]["action"], "stop")

    def test_a_repeated_claim_gives_the_same_attempt(self):
        self.assertEqual(self.train(), self.train())

    def test_a_new_session_ends_what_the_old_one_held(self):
        old = self.train("w", "one")
        new = self.train("w", "two")
        self.assertEqual(new["segment"], old["segment"])
        self.assertEqual(new["attempt"], 2)
        self.save(old)
        self.refused("ERR_LATE", "POST", self.path(old, "report"), self.result(old))
        beat = self.ok("POST", self.path(old, "heartbeat"), {"attempt": 1})
        self.assertEqual(beat["action"], "lost")
        self.refused("ERR_LATE", "POST", self.path(old, "fail"), {"attempt": 1, "message": "x"})
        self.report(new)

    def test_a_report_for_a_segment_that_another_worker_holds(self):
        """The attempt counts, not who brings it; one that was never begun is refused."""
        mine, other = self.train("mine"), self.train("other")
        wrong = self.result(other, attempt=other["attempt"] + 1)
        error = self.refused("ERR_STATE", "POST", self.path(other, "report"), wrong)
        self.assertIn(f"nobody has claimed attempt 2 of '{other['segment']}'", error["message"])
        self.assertEqual(self.train("other"), other)
        answer = self.report(other)
        held = answer["action"]["segment"]
        self.assertEqual(self.train("other"), held)
        self.assertEqual(self.train("mine"), mine)

    def test_heartbeats_go_on_until_the_study_stops(self):
        segment = self.train()
        body = {"attempt": 1, "step": 3, "metrics": {"loss": 2.5}}
        path = self.path(segment, "heartbeat")
        self.assertEqual(self.ok("POST", path, body)["action"], "continue")
        self.tell("stop")
        self.assertEqual(self.ok("POST", path, {"attempt": 1})["action"], "stop")
        self.assertEqual(self.claim(), {"action": "stop", "reason": "user"})

    def test_a_released_segment_goes_on_where_it_was_left(self):
        segment = self.train()
        self.save(segment)
        body = {"attempt": 1, "step": 4, "checkpoint": "saved"}
        for _ in range(2):
            answer = self.ok("POST", self.path(segment, "release"), body)
            self.assertEqual(answer, {"recorded": True})
        again = self.train("other")
        self.assertEqual((again["segment"], again["attempt"]), ("m0s0", 2))
        self.assertEqual((again["start_step"], again["resume_step"]), (0, 4))
        self.assertIs(again["fresh"], False)
        self.assertEqual(pathlib.Path(again["load"]).read_text(), "m0s0.1")

    def test_a_segment_released_without_progress_begins_afresh(self):
        segment = self.train()
        self.ok("POST", self.path(segment, "release"), {"attempt": 1, "step": 0})
        again = self.train("other")
        self.assertEqual((again["attempt"], again["resume_step"]), (2, 0))
        self.assertIs(again["fresh"], True)

    def test_who_fails_and_leaves_is_handed_nothing(self):
        segment = self.train()
        body = {"attempt": 1, "message": "it broke", "leaving": True}
        answer = self.ok("POST", self.path(segment, "fail"), body)
        self.assertEqual(answer["action"], "wait")
        kinds = [event["kind"] for event in self.ok("GET", "/v1/studies/tiny/events")]
        self.assertEqual((kinds.count("failed"), kinds.count("released")), (1, 0))

    def test_a_failed_attempt_is_tried_again_or_given_up(self):
        segment = self.train()
        body = {"attempt": 1, "message": "CUDA out of memory\n" * 200}
        action = self.ok("POST", self.path(segment, "fail"), body)
        self.assertEqual(action["action"], "train")
        (event,) = [e for e in self.ok("GET", "/v1/studies/tiny/events") if e["kind"] == "failed"]
        self.assertEqual(len(event["message"]), 1000)
        self.assertNotIn("\n", event["message"])
        other = action["segment"]
        body = {"attempt": 1, "message": "wrong width", "retry": False}
        self.ok("POST", self.path(other, "fail"), body)
        events = self.ok("GET", "/v1/studies/tiny/events")
        self.assertTrue([e for e in events if e["kind"] == "failed"][-1]["gave_up"])

    def test_a_diverged_segment_may_end_early_and_without_checkpoint(self):
        for score in ("nan", "inf", "-inf"):
            segment = self.train()
            body = {"attempt": 1, "step": 3, "metrics": {"score": score}}
            self.assertTrue(self.ok("POST", self.path(segment, "report"), body)["recorded"])
        rows = self.ok("GET", "/v1/studies/tiny/segments")
        scores = [row["score"] for row in rows if row["state"] == "reported"]
        self.assertEqual(scores, ["nan", "inf", "-inf"])

    def test_samples_stand_for_a_value_and_are_kept(self):
        segment = self.train()
        samples = {"score": [1, 2.0, 6], "loss": [0.5, "nan"]}
        self.report(segment, metrics={"accuracy": 0.25}, samples=samples)
        row = self.ok("GET", "/v1/studies/tiny/segments")[0]
        self.assertEqual(row["score"], 3)
        self.assertEqual(row["metrics"], {"accuracy": 0.25, "score": 3, "loss": "nan"})
        self.assertEqual(row["samples"], {"score": [1, 2, 6], "loss": [0.5, "nan"]})

    def test_what_a_client_knows_beyond_this_server_is_passed_over(self):
        segment = self.train()
        self.report(segment, colour="blue")

    def test_overshoot_adds_up(self):
        segment = self.train()
        self.report(segment, step=13)
        rows = self.ok("GET", "/v1/studies/tiny/segments")
        after = [row for row in rows if row["segment"] == "m0s1"][0]
        self.assertEqual((after["start_step"], after["end_step"]), (13, 20))

    def test_what_is_logged_is_seen_while_it_trains(self):
        segment = self.train()
        path = self.path(segment, "heartbeat")
        self.ok("POST", path, {"attempt": 1, "step": 3, "metrics": {"loss": 0.5, "bad": "nan"}})
        self.ok("POST", path, {"attempt": 1, "step": 4, "metrics": {"loss": 0.25}})
        seen = [member["training"] for member in self.ok("GET", "/v1/studies/tiny/members")]
        self.assertEqual(seen[1:], [None, None, None])
        self.assertEqual((seen[0]["segment"], seen[0]["step"]), ("m0s0", 4))
        self.assertEqual(seen[0]["metrics"], {"loss": 0.25, "bad": "nan"})
        self.assertEqual(self.ok("GET", "/v1/studies/tiny")["training"], seen[:1])
        self.report(segment)
        again = self.ok("GET", "/v1/studies/tiny/members")[0]["training"]
        self.assertEqual(again, None)

    def test_draining_hands_out_nothing_and_asks_for_all_back(self):
        segment = self.train()
        self.tell("drain")
        beat = self.ok("POST", self.path(segment, "heartbeat"), {"attempt": 1})
        self.assertEqual(beat["action"], "release")
        self.assertEqual(self.report(segment)["action"], {"action": "wait", "seconds": 1})
        self.assertEqual(self.claim()["action"], "wait")
        self.assertEqual(self.ok("GET", "/v1/studies/tiny")["workers"], 0)
        self.assertEqual(self.tell("verify"), "0")

    def test_a_study_outlives_its_server(self):
        segment = self.train()
        self.report(segment)
        held = self.train()
        self.kill()
        self.open()
        again = self.train()
        self.assertNotEqual(again.pop("shared"), held.pop("shared"))
        self.assertEqual(again, held)
        answer = self.ok("POST", self.path(segment, "report"), self.result(segment))
        self.assertEqual(answer["decision"]["segment"], "m0s1")
        self.finish()
        self.assertEqual(self.tell("verify"), "0")

    def test_checkpoints_inside_the_store_become_files(self):
        self.tell("inline 4")
        segment = self.train()
        self.assertEqual(segment["number"], 1)
        load = pathlib.Path(segment["load"])
        self.assertEqual(load.read_text(), segment["parent"])
        self.assertEqual(self.train(), segment)
        answer = self.call("GET", f"/v1/studies/tiny/checkpoints/{segment['parent']}")
        self.assertEqual(answer.bytes.decode(), segment["parent"])
        self.report(segment)
        self.assertFalse(load.exists())


class Expiring(Case):
    spec = {"lease": 1, "population": 1}

    def test_a_late_report_is_kept_where_nobody_began_anew(self):
        segment = self.train()
        time.sleep(1.2)
        members = self.ok("GET", "/v1/studies/tiny/members")
        self.assertEqual(members[0]["state"], "training")  # nobody has looked yet
        self.assertTrue(self.report(segment)["recorded"])

    def test_an_ended_lease_is_somebody_elses(self):
        old = self.train("old")
        time.sleep(1.2)
        new = self.train("new")
        self.assertEqual((new["segment"], new["attempt"]), (old["segment"], 2))
        self.save(old)
        self.refused("ERR_LATE", "POST", self.path(old, "report"), self.result(old))

    def test_heartbeats_keep_a_lease(self):
        segment = self.train()
        for step in range(4):
            time.sleep(0.5)
            body = {"attempt": 1, "step": step}
            beat = self.ok("POST", self.path(segment, "heartbeat"), body)
            self.assertEqual(beat["action"], "continue")
        self.assertEqual(self.claim("other")["action"], "wait")

    def test_a_waiting_claim_finds_an_ended_lease(self):
        self.train("old")
        begun = time.monotonic()
        action = self.claim("new", wait_seconds=20)
        self.assertEqual(action["action"], "train")
        self.assertLess(time.monotonic() - begun, 5)


class Waiting(Case):
    spec = {"mode": "generational", "population": 2}

    def wait_in_background(self, worker, seconds):
        """Claim on a connection of its own; join() gives the action and how long it took."""
        result = {}

        def run():
            begun = time.monotonic()
            connection = self.connect()
            body = {"worker": worker, "session": worker, "wait_seconds": seconds}
            path = "/v1/studies/tiny/claim"
            result["action"] = self.ok("POST", path, body, connection=connection)
            result["seconds"] = time.monotonic() - begun
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()

        def join():
            thread.join()
            return result["action"], result["seconds"]

        return join

    def test_without_a_wish_the_answer_comes_at_once(self):
        self.train("a"), self.train("b")
        begun = time.monotonic()
        self.assertEqual(self.claim("c"), {"action": "wait", "seconds": 1})
        self.assertLess(time.monotonic() - begun, 0.5)

    def test_a_round_that_completes_wakes_who_waits(self):
        a, b = self.train("a"), self.train("b")
        self.assertIsNone(self.report(a)["decision"])
        join = self.wait_in_background("c", 20)
        time.sleep(0.5)
        reported = time.monotonic()
        self.report(b)
        action, _ = join()
        self.assertLess(time.monotonic() - reported, 0.4)
        self.assertEqual(action["action"], "train")
        self.assertEqual(action["segment"]["number"], 1)

    def test_a_stop_wakes_who_waits(self):
        self.train("a"), self.train("b")
        join = self.wait_in_background("c", 20)
        time.sleep(0.3)
        self.tell("stop")
        action, seconds = join()
        self.assertEqual(action["action"], "stop")
        self.assertLess(seconds, 3)

    def test_a_wait_ends_in_time(self):
        self.train("a"), self.train("b")
        join = self.wait_in_background("c", 1)
        action, seconds = join()
        self.assertEqual(action, {"action": "wait", "seconds": 1})
        self.assertTrue(0.9 < seconds < 3, seconds)

    def test_who_hung_up_while_waiting_is_handed_nothing(self):
        a, b = self.train("a"), self.train("b")
        self.report(a)
        connection = self.connect()
        headers = {"Authorization": f"Bearer {self.token}"}
        body = '{"worker": "dead", "session": "dead", "wait_seconds": 30}'
        connection.request("POST", "/v1/studies/tiny/claim", body, headers)
        time.sleep(0.3)
        connection.close()
        self.report(b)
        time.sleep(0.3)
        self.assertEqual(self.ok("GET", "/v1/studies/tiny")["workers"], 1)
        self.assertEqual(self.train("c")["attempt"], 1)

    def test_a_server_that_stops_answers_who_waits(self):
        self.train("a"), self.train("b")
        joins = [self.wait_in_background(f"w{i}", 30) for i in range(8)]
        time.sleep(0.3)
        self.close()
        for action, seconds in (join() for join in joins):
            self.assertEqual(action["action"], "wait")
            self.assertLess(seconds, 5)

    def test_many_wait_and_all_are_answered(self):
        self.train("a"), self.train("b")
        joins = [self.wait_in_background(f"w{i}", 2) for i in range(40)]
        actions = [join()[0]["action"] for join in joins]
        self.assertEqual(actions, ["wait"] * 40)

    def test_a_study_that_leaves_answers_who_waits(self):
        self.train("a"), self.train("b")
        joins = [self.wait_in_background(f"w{i}", 30) for i in range(8)]
        time.sleep(0.3)
        begun = time.monotonic()
        self.tell("remove")
        self.assertEqual([join()[0]["action"] for join in joins], ["wait"] * 8)
        self.assertLess(time.monotonic() - begun, 5)
        self.refused("ERR_NOT_FOUND", "GET", "/v1/studies/tiny")
        self.tell("add")
        self.ok("GET", "/v1/studies/tiny")

    def test_a_study_that_leaves_a_run_that_ends_is_to_be_asked_for_again(self):
        """Its next run may be a moment away."""
        self.tell("drain")
        self.tell("remove")
        self.refused("ERR_BUSY", "GET", "/v1/studies/tiny")


if __name__ == "__main__":
    tap.main()
