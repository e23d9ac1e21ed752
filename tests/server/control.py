"""What a user does to a study, and what a reader elsewhere is given: its log, its claims."""

import json

import tap
from case import Case

STUDY = "/v1/studies/tiny"


class Control(Case):
    def kinds(self):
        return [event["kind"] for event in self.ok("GET", STUDY + "/events")]

    def amend(self, *pairs):
        return {"amendments": [{"key": key, "value": value} for key, value in pairs]}

    # ---- stop and resume

    def test_who_has_not_failed_is_not_brought_back(self):
        for members, error in (([1], "ERR_STATE"), ("all", "ERR_STATE"), ([99], "ERR_NOT_FOUND"),
                               ([], "ERR_ARGUMENT"), ("some", "ERR_ARGUMENT"),
                               ([-1], "ERR_ARGUMENT"), (["1"], "ERR_ARGUMENT")):
            with self.subTest(members=members):
                self.refused(error, "POST", STUDY + "/resume", {"members": members})
        self.assertEqual(self.ok("POST", STUDY + "/resume", {}), {"recorded": True})
        self.assertEqual(self.kinds(), ["created"])

    def test_stop_and_resume(self):
        segment = self.train()
        self.assertEqual(self.ok("POST", STUDY + "/stop"), {"recorded": True})
        self.assertEqual(self.ok("GET", STUDY)["state"], "stopped")
        beat = self.ok("POST", self.path(segment, "heartbeat"), {"attempt": 1})
        self.assertEqual(beat["action"], "stop")
        self.assertEqual(self.claim(), {"action": "stop", "reason": "user"})
        self.ok("POST", STUDY + "/stop")
        self.assertEqual(self.ok("POST", STUDY + "/resume"), {"recorded": True})
        self.assertEqual(self.claim()["action"], "train")
        self.assertEqual(self.kinds(), ["created", "stopped", "resumed"])

    def test_what_has_ended_is_not_stopped(self):
        self.finish()
        error = self.refused("ERR_STATE", "POST", STUDY + "/stop")
        self.assertIn("amend", error["hint"])
        self.refused("ERR_STATE", "POST", STUDY + "/resume")

    def test_a_body_is_let_pass_and_other_methods_are_not(self):
        self.ok("POST", STUDY + "/stop", {"why": "a newer client's"})
        for path in ("/stop", "/resume", "/amend"):
            self.refused("ERR_METHOD", "GET", STUDY + path)
        self.refused("ERR_METHOD", "POST", STUDY + "/verify")
        self.refused("ERR_NOT_FOUND", "POST", "/v1/studies/other/stop")

    # ---- amend

    def test_amendments_are_one_event(self):
        body = self.amend(("stop.steps", "80"), ("notes", "longer"))
        self.assertEqual(self.ok("POST", STUDY + "/amend", body), {"recorded": True})
        self.assertEqual(self.ok("GET", STUDY)["steps_total"], 320)
        event = self.ok("GET", STUDY + "/events")[-1]
        self.assertEqual(event["kind"], "amended")
        changes = [(one["key"], one["to"]) for one in event["amendments"]]
        self.assertEqual(changes, [("stop.steps", "80"), ("notes", "longer")])

    def test_amendments_are_all_or_none(self):
        for pairs in (
            [("stop.steps", "80"), ("population", "9")],
            [("stop.steps", "80"), ("no.such.key", "1")],
            [("stop.steps", "-1")],
        ):
            answer = self.call("POST", STUDY + "/amend", self.amend(*pairs))
            self.assertIn(answer.status, (400, 422), answer.json)
            self.assertTrue(answer.json["error"]["message"])
        self.assertEqual(self.kinds(), ["created"])

    def test_nothing_is_amended_that_names_a_file(self):
        for key in ("trainer.command", "trainer.directory", "trainer.environment",
                    "trainer.library", "checkpoints.directory", "trainer", "checkpoints"):
            error = self.refused("ERR_ARGUMENT", "POST", STUDY + "/amend", self.amend((key, "x")))
            self.assertIn(key, error["message"])
            self.assertIn("--store", error["hint"])
        for key in ("start", "hyperparameters", "Trainer.Command", "trainer .command"):
            self.refused("ERR_SPEC", "POST", STUDY + "/amend", self.amend((key, "x")))
        mixed = self.amend(("notes", "x"), ("trainer.command", "[true]"))
        self.refused("ERR_ARGUMENT", "POST", STUDY + "/amend", mixed)
        self.assertEqual(self.kinds(), ["created"])

    def test_malformed_amendments_are_refused(self):
        for body in (
            {},
            {"amendments": []},
            {"amendments": {"key": "notes", "value": "x"}},
            {"amendments": ["notes"]},
            {"amendments": [{"key": "notes"}]},
            {"amendments": [{"key": "notes", "value": 3}]},
            {"amendments": [{"key": "notes", "value": "a\0b"}]},
            {"amendments": [{"key": "k" * 129, "value": "x"}]},
            {"amendments": [{"key": "notes", "value": "x" * 65537}]},
            self.amend(*[("notes", "x")] * 65),
        ):
            self.refused("ERR_ARGUMENT", "POST", STUDY + "/amend", body)
        self.assertEqual(self.kinds(), ["created"])

    # ---- verify

    def test_verify(self):
        self.finish(lambda segment: segment["member"])
        verdict = self.ok("GET", STUDY + "/verify")
        self.assertEqual(verdict["name"], "tiny")
        self.assertEqual(verdict["decisions"], 16)
        self.assertGreater(verdict["checkpoints"], 0)
        self.assertEqual(verdict["problems"], [])

    def test_verify_finds_an_altered_checkpoint(self):
        self.finish(lambda segment: segment["member"])
        best = self.ok("GET", STUDY)["best"]
        with open(best["checkpoint"], "r+") as file:
            file.write("9")
        (problem,) = self.ok("GET", STUDY + "/verify")["problems"]
        self.assertIn(best["segment"], problem)


if __name__ == "__main__":
    tap.main()
