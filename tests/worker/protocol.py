"""The C worker's calls, one by one, against a server that plays a script."""

import json
import math
import os
import subprocess
import time

import tap
from fake import DRIVE, TOKEN, Case, refusal

OVER = {"action": "stop", "reason": "finished"}


class Opening(Case):
    def test_says_how_to_start_one_outside_a_study(self):
        environment = {name: os.environ[name] for name in os.environ if not name.startswith("PBT_")}
        done = subprocess.run([DRIVE], capture_output=True, text=True, env=environment, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ERR_ARGUMENT no server (PBT_SERVER) is named", done.stdout)
        self.assertIn("pbt run SPEC", done.stdout)

    def test_refuses_what_is_no_address(self):
        for url in ("ftp://here", "127.0.0.1:80", "http://a b", "http://me:secret@here"):
            self.assertIn("is not a server address", self.start(url=url))
            self.process.wait()
            self.process = None

    def test_shows_the_token_and_a_session_of_its_own(self):
        self.play.always["claim"] = OVER
        self.assertEqual(self.do("next"), "ok over finished")
        call = self.play.calls[0]
        self.assertEqual(call.headers["Authorization"], "Bearer " + TOKEN)
        first = json.loads(call.body)
        self.assertEqual((first["worker"], len(first["session"])), ("one", 32))
        self.finish()
        self.do("next")
        self.assertNotEqual(self.play.told("claim")[1]["session"], first["session"])


class Claiming(Case):
    def test_hands_out_every_field(self):
        self.play.on("claim", self.segment(resume_step=4, donor=3))
        self.assertEqual(
            self.do("next"),
            "ok id=m0s0 attempt=1 member=0 number=0 donor=3 seed=4294967295 parent=- "
            "steps=0..10 stop=40 "
            f"ages=0..10 resume=4 fresh=1 load=- save_to={self.folder}/m0s0.1 "
            "rate=0.10000000000000001/0/- width=64/64/- "
            "big=9007199254740992/9007199254740993/- name=0/0/adam nesterov=1/1/-")

    def test_an_older_server_does_not_say_where_training_ends(self):
        answer = self.segment()
        del answer["segment"]["stop_step"]
        self.play.on("claim", answer, self.segment(stop_step=None))
        self.assertIn(" stop=0 ", self.do("next"))

    def test_waits_and_asks_again(self):
        self.play.on("claim", {"action": "wait", "seconds": 0.2}, self.segment())
        begin = time.monotonic()
        self.assertIn("id=m0s0", self.do("next"))
        self.assertGreater(time.monotonic() - begin, 0.19)

    def test_asks_again_after_every_kind_of_silence(self):
        self.play.on("claim", "drop", (503, refusal("ERR_BUSY")), (502, b"<html>"), self.segment())
        self.assertIn("id=m0s0", self.do("next"))
        self.assertEqual(len({told["session"] for told in self.play.told("claim")}), 1)
        self.assertEqual(len(self.play.told("claim")), 4)

    def test_patience_ends(self):
        self.start("", 0.5)
        self.play.close()
        begin = time.monotonic()
        self.assertRegex(self.do("next"), r"^ERR_IO '.*' does not answer \| .+ \| .*pbt run")
        self.assertLess(time.monotonic() - begin, 5)

    def test_tells_what_the_server_says(self):
        self.play.on("claim", (401, refusal("ERR_TOKEN", "the token is not valid")),
                     (404, refusal("ERR_NOT_FOUND", "no study 'tiny'")))
        self.assertEqual(self.do("next"), "ERR_ARGUMENT the token is not valid | d | h")
        self.assertEqual(self.do("next"), "ERR_NOT_FOUND no study 'tiny' | d | h")

    def test_refuses_a_segment_that_is_none(self):
        wrong = [{"segment": "../../etc"}, {"attempt": 0}, {"seed": 2**32}, {"save_to": "here"},
                 {"resume_step": 11}, {"hyperparameters": []}, {"lease_seconds": 0},
                 {"fresh": False}, {"end_step": "10"}, {"save_to": "/" + "x" * 5000}]
        for fields in wrong:
            self.play.on("claim", self.segment(**fields))
            self.assertRegex(self.do("next"), r"^ERR_CORRUPT the server's segment has no valid")
        for answer in ({"action": "dance"}, [], "train", {"action": "train"}):
            self.play.on("claim", answer)
            self.assertRegex(self.do("next"), r"^ERR_CORRUPT ")

    def test_will_not_forget_a_segment(self):
        self.play.on("claim", self.segment())
        self.do("next")
        self.assertRegex(self.do("next"), "^ERR_STATE segment 'm0s0' has not been reported")

    def test_interrupted_it_gives_back_and_ends(self):
        self.play.on("claim", self.segment())
        self.do("next")
        self.do("interrupt")
        self.assertEqual(self.do("stopping"), "ok 1")
        self.assertEqual(self.do("next"), "ok over interrupted")
        self.assertEqual(self.play.told("release"), [{"attempt": 1, "step": 0}])


class Reporting(Case):
    def begin(self, **fields):
        self.play.on("claim", self.segment(**fields))
        self.assertIn("id=m0s0", self.do("next"))

    def test_says_it_all(self):
        self.begin()
        self.do("save file weights")
        for line in ("metric accuracy 0.5", "metric accuracy 0.75", "metric loss inf",
                     'metric odd"\\name nan', "sample accuracy 0.1", "sample accuracy -inf"):
            self.do(line)
        self.play.on("report", self.reply(OVER))
        self.assertEqual(self.do("report 12"), "ok recorded")
        self.assertEqual(self.play.told("report"), [{
            "attempt": 1, "step": 12, "checkpoint": "saved",
            "metrics": {"accuracy": 0.75, "loss": "inf", 'odd"\\name': "nan"},
            "samples": {"accuracy": [0.1, "-inf"]}}])
        self.assertEqual(self.do("next"), "ok over finished")

    def test_repeats_until_it_is_answered(self):
        self.begin()
        self.do("save file weights")
        self.play.on("report", "drop", "drop", (503, refusal("ERR_BUSY")), self.reply(OVER))
        self.assertEqual(self.do("report 10"), "ok recorded")
        told = self.play.told("report")
        self.assertEqual(told, 4 * told[:1])

    def test_the_answer_carries_the_next_segment(self):
        self.begin()
        self.do("save file weights")
        self.play.on("report", self.reply(self.segment("m0s1", parent="m0s0")))
        self.do("report 10")
        self.assertIn("id=m0s1", self.do("next"))
        self.assertEqual(len(self.play.told("claim")), 1)

    def test_late_is_dropped_and_the_next_claimed(self):
        self.begin()
        self.do("save file weights")
        self.play.on("report", (409, refusal("ERR_LATE")))
        self.assertEqual(self.do("report 10"), "ok dropped")
        self.play.on("claim", self.segment("m1s0"))
        self.assertIn("id=m1s0", self.do("next"))

    def test_refused_it_can_be_made_again(self):
        self.begin()
        self.do("metric wrong 1")
        self.do("save file weights")
        self.play.on("report", (400, refusal("ERR_REPORT", "no metric 'score'")), self.reply(OVER))
        self.assertEqual(self.do("report 10"), "ERR_REPORT no metric 'score' | d | h")
        self.do("metric score 1")
        self.assertEqual(self.do("report 10"), "ok recorded")
        self.assertEqual(self.play.told("report")[1]["metrics"], {"wrong": 1, "score": 1})

    def test_keeps_the_bounds(self):
        self.begin()
        self.do(f"metric {'x' * 65} 1")
        self.assertRegex(self.do("report 10"), "^ERR_LIMIT a report has at most 128 metrics")
        self.assertEqual(self.play.told("report"), [])

    def test_needs_a_segment(self):
        for line in ("report 1", "diverged 1", "release 1", "fail retry x"):
            self.assertRegex(self.do(line), "^ERR_STATE no segment is held")

    def test_diverged_is_nan_without_a_checkpoint(self):
        self.begin()
        self.do("save file weights")
        self.play.on("", {"name": "tiny", "metric": "accuracy"})
        self.play.on("report", self.reply(OVER))
        self.assertEqual(self.do("diverged 3"), "ok recorded")
        self.assertEqual(self.play.told("report"),
                         [{"attempt": 1, "step": 3, "metrics": {"accuracy": "nan"}}])

    def test_failure(self):
        self.begin()
        self.play.on("fail", self.segment("m0s0", attempt=2))
        self.assertEqual(self.do('fail retry out of "memory"'), "ok recorded")
        self.assertEqual(self.play.told("fail"),
                         [{"attempt": 1, "message": 'out of "memory"', "retry": True}])
        self.assertIn("id=m0s0 attempt=2", self.do("next"))
        self.play.on("fail", (409, refusal("ERR_LATE")))
        self.assertEqual(self.do("fail never x"), "ok dropped")
        self.assertFalse(self.play.told("fail")[1]["retry"])

    def test_release_brings_progress_that_there_is(self):
        self.begin()
        self.do("save file weights")
        self.assertEqual(self.do("release 4"), "ok recorded")
        self.play.on("claim", self.segment(attempt=2))
        self.do("next")
        self.do("save file weights")
        self.do("release 0")
        self.assertEqual(self.play.told("release"), [
            {"attempt": 1, "step": 4, "checkpoint": "saved"}, {"attempt": 2, "step": 0}])

    def test_closing_gives_back_what_is_held(self):
        self.begin()
        self.do("save file weights")
        self.play.on("report", self.reply(self.segment("m0s1", parent="m0s0")))
        self.do("report 10")
        self.finish()
        self.assertEqual(self.play.calls[-1].path, "/segments/m0s1/release")


class Loading(Case):
    def follow(self, **fields):
        """Report m0s0, and get what follows."""
        self.play.on("claim", self.segment())
        self.do("next")
        self.do("save file weights")
        fields = {"parent": "m0s0", **fields}
        self.play.on("report", self.reply(self.segment("m0s1", **fields)))
        self.do("report 10")
        return self.do("next")

    def setUp(self):
        super().setUp()
        (self.folder / "m0s0").write_text("weights")

    def share(self, **more):
        """What a server says of the folder that both see, and of what is to be loaded."""
        (self.folder / "mark").write_text("0123456789abcdef" * 2)
        shared = {"file": str(self.folder / "mark"), "nonce": "0123456789abcdef" * 2}
        return {"parent": "m1s0", "donor": 1, "shared": shared, "load_kind": "file",
                "load_bytes": 7, "load_modified_ns": None, **more}

    def test_is_by_path_where_the_folder_is_proven(self):
        self.assertIn(f"load={self.folder}/m0s0 save_to={self.folder}/m0s1.1 ",
                      self.follow(**self.share()))

    def test_is_over_http_where_it_is_not(self):
        for shared in (None, {"file": str(self.folder / "mark"), "nonce": "f" * 32},
                       {"file": str(self.folder / "mark"), "nonce": "0123456789abcdef" * 2 + "0"},
                       {"file": str(self.folder), "nonce": "f" * 32}, {"file": "/nowhere"}, {}):
            self.play.on("m0s1", b"weights")
            line = self.follow(**self.share(shared=shared))
            self.assertNotIn(f"load={self.folder}/m0s0 ", line)
            self.assertNotIn(f"save_to={self.folder}/m0s1.1 ", line)
            self.finish()

    def test_of_another_size_or_kind_is_refused(self):
        (self.folder / "m0s0").write_text("torn")
        self.assertEqual(self.follow(**self.share()),
                         f"ERR_CHECKPOINT the checkpoint '{self.folder}/m0s0' has another size | "
                         "it has 4 bytes; 7 were recorded | ")
        self.finish()
        self.assertRegex(self.follow(**self.share(load_kind="folder")), "^ERR_CHECKPOINT .* kind")
        self.finish()
        self.play.on("m0s1", b"torn, over HTTP")
        self.assertRegex(self.follow(**self.share(shared=None)), "it has 15 bytes; 7 were recorded")
        self.finish()
        (self.folder / "m0s0").unlink()
        (self.folder / "m0s0/deep").mkdir(parents=True)
        (self.folder / "m0s0/deep/a").write_text("12345")
        (self.folder / "m0s0/b").write_text("67")
        fields = self.share(load_kind="folder")
        self.assertIn(f"load={self.folder}/m0s0 ", self.follow(**fields))
        self.finish()
        self.assertRegex(self.follow(**{**fields, "load_bytes": 8}), "it has 7 bytes; 8 were")

    def test_of_a_start_checkpoint_is_by_its_size_and_time(self):
        modified = (self.folder / "m0s0").stat().st_mtime_ns
        fields = self.share(shared=None, load_modified_ns=modified)
        self.assertIn(f"load={self.folder}/m0s0 ", self.follow(**fields))
        self.finish()
        self.play.on("m0s1", b"weights")
        line = self.follow(**{**fields, "load_modified_ns": modified + 1})
        self.assertNotIn(f"load={self.folder}/m0s0 ", line)

    def test_is_skipped_for_what_is_in_memory(self):
        self.assertIn("fresh=0 load=- ", self.follow())

    def test_is_not_where_the_server_wants_it(self):
        self.assertIn(f"load={self.folder}/m0s0 ", self.follow(reload="always"))

    def test_is_not_for_another_parent(self):
        self.assertIn(f"load={self.folder}/m0s0 ", self.follow(parent="m1s0", donor=1))

    def test_is_not_for_progress(self):
        self.assertIn(f"load={self.folder}/m0s0 ", self.follow(resume_step=14))

    def test_is_not_for_a_second_attempt(self):
        self.follow()
        self.play.on("fail", self.segment("m0s1", parent="m0s0", attempt=2))
        self.do("fail retry x")
        self.assertIn(f"load={self.folder}/m0s0 ", self.do("next"))

    def test_four_calls(self):
        self.play.on("claim", self.segment())
        self.do("next")
        self.assertEqual(self.do("exploit"), "ok 0 -")
        self.do("save file weights")
        self.do("metric score 1")
        self.play.on("report", self.reply(self.segment("m0s1", parent="m1s0", donor=1)),
                     self.reply(OVER))
        self.assertIn("id=m0s1", self.do("step 10"))
        self.assertEqual(self.do("exploit"), f"ok 1 {self.folder}/m0s0")
        self.do("save file weights")
        self.assertEqual(self.do("step 20"), "ok over finished")
        self.assertEqual(self.do("exploit"), "ok 0 -")


class Beating(Case):
    def begin(self, answer):
        self.play.always["heartbeat"] = answer
        self.play.on("claim", self.segment(lease_seconds=0.3))
        self.do("next")

    def wait_for(self, wanted):
        end = time.monotonic() + 10
        while self.do("stopping") != wanted and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.do("stopping"), wanted)

    def test_keeps_the_lease_and_shows_progress(self):
        self.begin({"action": "continue"})
        self.do("log 3 0.5")
        self.do("log 4 nan")
        time.sleep(1)
        told = self.play.told("heartbeat")
        self.assertGreaterEqual(len(told), 4)
        self.assertIn({"attempt": 1, "step": 4, "metrics": {"loss": "nan"}}, told)
        self.assertEqual(told[-1], {"attempt": 1, "step": 4})
        self.assertEqual(self.do("stopping"), "ok 0")

    def test_rests_once_it_is_reported(self):
        self.begin({"action": "continue"})
        self.do("save file weights")
        self.play.on("report", self.reply(OVER))
        self.do("report 10")
        before = len(self.play.told("heartbeat"))
        time.sleep(0.5)
        self.assertLessEqual(len(self.play.told("heartbeat")) - before, 1)

    def test_release_and_stop_give_the_segment_back(self):
        for action in ("release", "stop"):
            self.begin({"action": action})
            self.wait_for("ok 1")
            self.play.on("claim", OVER)
            self.assertEqual(self.do("next"), "ok over finished")
            self.finish()
        self.assertEqual(len(self.play.told("release")), 2)

    def test_lost_is_let_go(self):
        for answer in ({"action": "lost"}, (409, refusal("ERR_LATE"))):
            self.begin(answer)
            self.wait_for("ok 1")
            self.play.on("claim", OVER)
            self.assertEqual(self.do("next"), "ok over finished")
            self.finish()
        self.assertEqual(self.play.told("release"), [])

    def test_silence_stops_nothing(self):
        for answer in ("drop", (500, refusal("ERR_STORE")), ["?"], b"\0"):
            self.begin(answer)
            time.sleep(0.4)
            self.assertEqual(self.do("stopping"), "ok 0")
            self.finish()


class Numbers(Case):
    def test_arrive_as_they_were(self):
        values = [0.1, 1e-300, 1.7976931348623157e308, 5e-324, -0.0, 123456789012345680.0]
        self.play.on("claim", self.segment())
        self.do("next")
        for value in values:
            self.do(f"sample score {value!r}")
        self.play.on("report", self.reply(OVER))
        self.do("save file x")
        self.do("report 10")
        got = self.play.told("report")[0]["samples"]["score"]
        self.assertEqual(got, values)
        self.assertEqual(math.copysign(1, got[4]), -1)


if __name__ == "__main__":
    tap.main()
