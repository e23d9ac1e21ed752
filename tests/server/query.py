"""What can be asked. The fields themselves are held against the page by every call."""

import concurrent.futures
import json
import os
import pathlib
import re
import unittest

import tap
from case import API, Case

STUDY = "/v1/studies/tiny"


class Query(Case):
    def test_the_version(self):
        self.assertEqual(self.ok("GET", "/v1/version"), {"version": "0.1.0", "api": 1})

    def test_a_study_that_has_not_begun(self):
        show = self.ok("GET", STUDY)
        self.assertEqual(show["name"], "tiny")
        self.assertEqual(show["state"], "interrupted")
        self.assertEqual((show["steps_done"], show["workers"]), (0, 0))
        self.assertIsNone(show["best"])
        self.assertEqual(self.ok("GET", "/v1/studies"), [show])

    def test_studies_come_by_name_and_page_by_page(self):
        spec = (self.folder / "spec.yaml").read_text()
        for name in ("zebra", "ant", "tiny-2"):
            (self.folder / f"{name}.yaml").write_text(spec.replace("name: tiny", f"name: {name}"))
            self.assertEqual(self.tell(f"also {name}.yaml"), "done")
        whole = self.ok("GET", "/v1/studies")
        names = ["ant", "tiny", "tiny-2", "zebra"]
        self.assertEqual([show["name"] for show in whole], names)
        for limit in (1, 2, 3, 4, 10000):
            shows, after, is_end = [], "", False
            while not is_end:
                page = self.ok("GET", f"/v1/studies?limit={limit}&after={after}")
                self.assertLessEqual(len(page["studies"]), limit)
                shows += page["studies"]
                after, is_end = page["next"], page["is_end"]
            self.assertEqual(shows, whole)
        self.assertEqual(self.ok("GET", "/v1/studies?after=zebra"),
                         {"studies": [], "next": "zebra", "is_end": True, "here": ""})
        self.assertEqual(len(self.ok("GET", "/v1/studies?after=b")["studies"]), 3)
        for limit in ("0", "10001", "x"):
            self.refused("ERR_ARGUMENT", "GET", f"/v1/studies?limit={limit}")
        error = self.refused("ERR_NOT_FOUND", "GET", "/v1/studies/bee")
        self.assertEqual(error["hint"], "there are: ant, tiny, tiny-2, zebra")

    def test_several_answers_are_one_object_and_rows_are_lines(self):
        self.finish(lambda segment: segment["member"])
        path = STUDY + "/answer?of="
        members, both = (self.ok("GET", path + names) for names in ("members", "show,members"))
        self.assertEqual(both, members | {"answer": {"show": self.ok("GET", STUDY),
                                                     "members": members["answer"]}})
        lines = self.call("GET", path + "show,segments")
        self.assertEqual(lines.type, "application/jsonl")
        head, *rows = (json.loads(line) for line in lines.bytes.splitlines())
        self.assertEqual(head.pop("rows")["best"], both["answer"]["show"]["best"]["segment"])
        self.assertEqual(head, both | {"answer": {"show": both["answer"]["show"]}})
        self.assertEqual(rows, self.ok("GET", STUDY + "/segments"))
        for names in ("nothing", "show,nothing", "show,show," * 20):
            self.refused("ERR_NOT_FOUND", "GET", path + names)

    def test_what_is_not_there_has_no_place_among_answers(self):
        self.refused("ERR_NOT_FOUND", "GET", STUDY + "/answer?of=schedule")
        answer = self.ok("GET", STUDY + "/answer?of=schedule,account")["answer"]
        self.assertEqual(list(answer), ["account"])
        self.assertEqual(answer["account"]["failed"], 0)

    def test_a_study_that_runs(self):
        self.report(self.train("a"), 0.75)
        self.train("b")
        show = self.ok("GET", STUDY)
        self.assertEqual((show["steps_done"], show["steps_total"], show["workers"]), (10, 160, 2))
        self.assertEqual(show["best"]["segment"], "m0s0")
        self.assertEqual(show["best"]["score"], 0.75)

    def test_members(self):
        self.report(self.train(), 0.75)
        members = self.ok("GET", STUDY + "/members")
        self.assertEqual([m["member"] for m in members], [0, 1, 2, 3])
        self.assertEqual(members[0]["state"], "waiting")
        self.assertEqual(members[0]["score"], 0.75)
        self.assertEqual(members[1]["state"], "training")
        self.assertIsNone(members[1]["score"])

    def test_segments_come_by_number_then_member(self):
        self.finish(lambda segment: segment["member"])
        rows = self.ok("GET", STUDY + "/segments")
        ids = [f"m{m}s{n}" for n in range(4) for m in range(4)]
        self.assertEqual([row["segment"] for row in rows], ids)
        self.assertEqual({row["state"] for row in rows}, {"reported"})
        copied = [row for row in rows if row["donor"] is not None]
        self.assertTrue(copied)
        for row in copied:
            self.assertEqual(row["reason"], "exploit")
            self.assertTrue(row["parent"].startswith(f"m{row['donor']}s"))

    def follow(self, name, key):
        """Keep the newest of each, page by page, while the study goes on."""
        path = f"{STUDY}/{name}"
        first = self.ok("GET", path + "?since=0&limit=1")
        self.assertEqual(len(first[name]), 4)  # one event made them
        known, since, is_end = {row[key]: row for row in first[name]}, first["next"], False
        self.finish(lambda segment: segment["member"])
        while not is_end:
            page = self.ok("GET", f"{path}?since={since}&limit=1")
            self.assertTrue(page["is_end"] or page["next"] > since)
            known.update((row[key], row) for row in page[name])
            since, is_end = page["next"], page["is_end"]
        rows = self.ok("GET", path)
        self.assertEqual([known[row[key]] for row in rows], rows)
        self.assertEqual(len(known), len(rows))
        self.assertEqual(self.ok("GET", f"{path}?since={since}"),
                         {name: [], "next": since, "is_end": True})
        self.assertEqual(self.call("GET", path + "?since=0&limit=0").status, 400)

    def test_segments_come_page_by_page(self):
        self.follow("segments", "segment")

    def test_members_come_page_by_page(self):
        self.follow("members", "member")

    def test_numbers_keep_their_types(self):
        segment = self.train()
        values = segment["hyperparameters"]
        row = self.ok("GET", STUDY + "/segments")[0]
        self.assertEqual(row["hyperparameters"], values)
        self.assertEqual({k: type(v) for k, v in row["hyperparameters"].items()},
                         {"rate": float, "width": int, "name": str})

    def test_events_come_page_by_page(self):
        self.finish()
        whole = self.ok("GET", STUDY + "/events")
        self.assertEqual([e["sequence"] for e in whole], list(range(1, len(whole) + 1)))
        self.assertEqual(whole[0]["kind"], "created")
        pages, after = [], 0
        while page := self.ok("GET", f"{STUDY}/events?after={after}&limit=7"):
            self.assertLessEqual(len(page), 7)
            pages += page
            after = page[-1]["sequence"]
        self.assertEqual(pages, whole)
        self.assertEqual(self.ok("GET", f"{STUDY}/events?after=1000000"), [])
        self.assertEqual(self.ok("GET", f"{STUDY}/events?limit=1"), whole[:1])

    def test_of_many_long_answers_one_too_many_is_refused_and_no_short_one(self):
        self.assertEqual(self.tell("hold"), "done")

        def ask(_):
            return self.call("GET", STUDY + "/segments", connection=self.connect())

        with concurrent.futures.ThreadPoolExecutor(9) as asking:
            answers = [asking.submit(ask, i) for i in range(9)]
            try:
                first = next(concurrent.futures.as_completed(answers)).result()
                show = self.ok("GET", STUDY + "/answer?of=show")
            finally:
                self.tell("let")
        self.assertEqual((first.status, first.headers["Retry-After"]), (503, "1"))
        self.assertEqual(show["answer"], self.ok("GET", STUDY))
        self.assertEqual(sorted(a.result().status for a in answers), [200] * 8 + [503])

    def test_queries_change_nothing(self):
        before = self.ok("GET", STUDY + "/events")
        for path in ("", "/members", "/segments", "/events"):
            self.ok("GET", STUDY + path)
        self.assertEqual(self.ok("GET", STUDY + "/events"), before)

    def test_what_is_asked_is_never_kept_by_others(self):
        self.assertEqual(self.call("GET", STUDY).headers["Cache-Control"], "no-store")


class Page(unittest.TestCase):
    """The table of routes against docs/api.yaml."""

    def test_the_page_has_every_route_and_no_other(self):
        code = (pathlib.Path(os.environ["API"]).parents[1] / "src/server/route.c").read_text()
        texts = dict(re.findall(r"(?m)^#define (\w+) (.*\".*)$", code))
        found = {}
        for method, path, role in re.findall(r'(?m)^    \{"(\w+)", ([^,]+), \w+, (\w+),', code):
            while set(texts) & set(path.split()):
                path = " ".join(texts.get(word, word) for word in path.split())
            found[method.lower(), "".join(re.findall(r'"([^"]*)"', path))] = role
        self.assertGreater(len(found), 15)
        page = {(verb, path): operation for path, verbs in API["paths"].items()
                for verb, operation in verbs.items() if verb in ("get", "put", "post", "delete")}
        self.assertEqual(set(page), set(found))
        for route, role in found.items():
            self.assertEqual("control" in page[route]["tags"], role != "WORKER", route)


if __name__ == "__main__":
    tap.main()
