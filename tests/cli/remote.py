"""Commands that ask a server: the same answers as from the store, to the last byte."""

import http.server
import json
import re
import threading
import urllib.error
import urllib.request

import tap
from case import Case

QUERIES = ("list", "show", "members", "segments", "best", "schedule", "lineage", "verify")



def ageless(text):
    """An answer without how long ago something was."""
    return re.sub(r"\b\d+:\d\d\b", "", text)


class Remote(Case):
    def setUp(self):
        """A run of which nothing moves for long: its third segment takes its time."""
        super().setUp()
        script = (self.folder / "trainer.sh").read_text()
        pause = '[ "$4" = 20 ] && { touch waits.$$; sleep 60; }\n'
        (self.folder / "trainer.sh").write_text(pause + script)
        self.spec(mode="asynchronous")
        self.owner = self.start("run", "spec.yaml", "--slots", "4")
        self.wait_for(lambda: len(list(self.folder.glob("waits.*"))) == 4, "four that wait")
        owner = json.loads((self.folder / "pbt.db.owner").read_text())
        self.url = owner["url"]
        self.token = self.folder / "token"
        self.token.write_text(owner["token"] + "\n")

    def asked(self, *words, status=0, **options):
        return self.pbt(*words, "--server", self.url, "--token-file", "token", status=status,
                        **options)

    def test_queries_are_answered_as_from_the_store(self):
        for query in QUERIES:
            for form in ([], ["--json"]):
                with self.subTest(query=query, form=form):
                    asked, told = self.asked(query, *form), self.pbt(query, *form)
                    self.assertEqual(ageless(asked[0]), ageless(told[0]))
                    self.assertEqual(asked[1:], told[1:])

    def test_a_store_looks_the_same_from_elsewhere(self):
        empty = self.folder / "empty"
        empty.mkdir()
        token = ("--server", self.url, "--token-file", str(self.token))
        for query in QUERIES:
            asked = self.pbt(query, "--json", *token, cwd=empty)
            self.assertEqual(asked, self.pbt(query, "--json", "--store", "../pbt.db", cwd=empty))

    def between(self):
        """A server in between that changes one text and notes what is asked; its address."""
        token = self.token.read_text().strip()
        self.before = self.after = b"nothing"
        self.requests = []
        self.busy = 0  # how many requests are turned away first

        class Between(http.server.BaseHTTPRequestHandler):
            def do_GET(this):
                self.requests.append(this.path)
                if self.busy >= len(self.requests):
                    return this.send_error(503)
                ask = urllib.request.Request(self.url + this.path)
                ask.add_header("Authorization", f"Bearer {token}")
                try:
                    answer = urllib.request.urlopen(ask, timeout=10)
                except urllib.error.HTTPError as refusal:
                    answer = refusal
                data = answer.read().replace(self.before, self.after)
                this.send_response(answer.status)
                this.send_header("Content-Type", answer.headers["Content-Type"])
                this.send_header("Content-Length", str(len(data)))
                this.end_headers()
                this.wfile.write(data)

            def log_message(this, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_a_question_is_one_request(self):
        url = self.between()
        for query in ("show", "members", "segments", "best", "schedule", "lineage", "why",
                      "verify"):
            for form in ([], ["--json"]):
                with self.subTest(query=query, form=form):
                    words = [query, "tiny", *(["m0s1"] if query == "why" else []), *form]
                    self.requests.clear()
                    asked, told = self.pbt(*words, "--server", url), self.pbt(*words)
                    self.assertEqual(ageless(asked[0]), ageless(told[0]))
                    self.assertEqual(len(self.requests), 1, self.requests)
        self.requests.clear()
        self.pbt("list", "--server", url)
        self.assertEqual(len(self.requests), 1, self.requests)

    def test_a_busy_server_is_asked_again(self):
        url = self.between()
        self.busy = 2
        for query in ("show", "segments"):
            self.requests.clear()
            self.assertEqual(ageless(self.pbt(query, "--server", url)[0]),
                             ageless(self.pbt(query)[0]))
            self.assertEqual(len(self.requests), 3 + 1, self.requests)

    def files(self, path):
        """What is in a file or a folder, by name; how long ago something was is left out."""
        paths = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        return {str(p.relative_to(path)): re.sub(rb'"(seen|moved)_at":"[^"]*"', b"",
                                                 p.read_bytes()) for p in paths}

    def test_what_is_made_is_the_same_and_no_log_is_read_for_it(self):
        url = self.between()
        for name, asked, *words in (
            ("a.gp", 1, "plot", "--output"),
            ("b.gp", 1, "plot", "--kind", "lineage", "--color", "rate", "--output"),
            ("c.gp", 2, "compare", "--output"),  # which studies there are, and each
            ("d.html", 2, "report", "--output"),  # and its verification
            ("e.html", 4, "report", "tiny", "tiny", "--output"),
            ("f", 3, "best", "--export"),  # and the checkpoint
            ("g", 2, "export", "--output"),  # and the log, which is exported
            ("h", 2, "export", "--format", "jsonl", "--output"),
            ("i", 1, "export", "--format", "tensorboard", "--output"),
        ):
            with self.subTest(words=words):
                names = [] if "tiny" in words else ["tiny"]
                told = self.pbt(words[0], *names, *words[1:], f"told-{name}")
                self.requests.clear()
                answer = self.pbt(words[0], *names, *words[1:], f"asked-{name}", "--server", url)
                self.assertEqual(len(self.requests), asked, self.requests)
                self.assertEqual(answer[0].replace("asked-", "told-"), told[0])
                self.assertEqual(self.files(self.folder / f"asked-{name}"),
                                 self.files(self.folder / f"told-{name}"))
                logs = [path for path in self.requests if "/events" in path]
                self.assertEqual(len(logs), 1 if name in "gh" else 0)

    def test_a_page_says_why_it_is_not_verified(self):
        self.pbt("report", "tiny", "--output", "told.html")
        token = json.loads((self.folder / "pbt.db.owner").read_text())["worker_token"]
        self.token.write_text(token)
        self.asked("report", "tiny", "--output", "asked.html")
        told, asked = ((self.folder / f"{name}.html").read_text().split("<p>Verified while")[0]
                       for name in ("told", "asked"))
        self.assertEqual(asked.split("<p>Not verified: a worker&#39;s token")[0], told)
        self.assertNotEqual(asked, told)

    def test_what_is_no_answer_is_refused(self):
        url = self.between()
        for words, before, after, why in (
            (["segments"], b'"sequence":', b'"sequenc":', "is no segment"),
            (["segments"], b'"state":"claimed"', b'"state":"asleep"', "is no segment"),
            (["segments"], b'"width":', b'"wdith":', "is no segment"),
            (["segments"], b'"answer":', b'"answers":', "is no answer"),
            (["segments"], b'{"segment":', b'{"segment"', "JSON"),
            (["plot", "--output", "x.gp"], b'"created_at"', b'"made_at"', "is no answer"),
            (["compare"], b'"name":', b'"nome":', "no study's name"),
            (["compare"], b'"state":"running"', b'"state":"asleep"', "is broken"),
            (["export", "--output", "x"], b'{"sequence":2', b'{"sequence":3', "follows the last"),
            (["best", "--export", "y"], b'"digest":"', b'"digest":"f', "record"),
        ):
            with self.subTest(words=words, before=before):
                self.before, self.after = before, after
                _, errors = self.pbt(*words, "--server", url, status=1)
                self.assertIn(why, errors)
        self.assertEqual([name for name in self.names() if name[0] in "xy"], [])

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_a_checkpoint_is_as_it_was_recorded(self):
        url = self.between()
        checkpoint = self.folder / self.json("best")[0]["checkpoint"]
        self.before, self.after = checkpoint.read_bytes(), b"9"
        _, errors = self.pbt("best", "--export", "out", "--server", url, status=1)
        self.assertIn("is not as the log says", errors)
        self.assertEqual([name for name in self.names() if "out" in name], [])

    def test_a_study_is_named_or_the_only_one(self):
        named, only = self.asked("show", "tiny"), self.asked("show")
        self.assertEqual(*(ageless(output) for output, _ in (named, only)))
        _, errors = self.asked("show", "nobody", status=1)
        self.assertIn("hint: there are: tiny", errors)
        self.asked("verify", "nobody", status=1)
        self.asked("stop", "nobody", status=1)

    def test_the_environment_names_the_server(self):
        here = {"PBT_SERVER": self.url, "PBT_TOKEN_FILE": str(self.token)}
        empty = self.folder / "empty"
        empty.mkdir()
        options = {"env": self.environment() | here, "cwd": empty}
        self.assertIn("tiny", self.pbt("list", **options)[0])
        _, errors = self.pbt("list", "--store", "pbt.db", status=1, **options)
        self.assertIn("there is no store", errors)

    def test_the_token_of_a_trainer_or_of_an_owner_will_do(self):
        token = {"PBT_TOKEN": self.token.read_text().strip()}
        environment = self.environment() | token
        self.pbt("list", "--server", self.url, env=environment)
        self.pbt("list", "--server", self.url, "--token-file", "pbt.db.owner")

    def test_without_a_valid_token_nothing_is_said(self):
        (self.folder / "wrong").write_text("x" * 30)
        for words in ([], ["--token-file", "wrong"]):
            output, errors = self.pbt("show", "--server", self.url, *words, status=2)
            self.assertEqual(output, "")
            self.assertIn("pbt: no valid token", errors)
            self.assertIn("--token-file", errors)
        (self.folder / "none").write_text("\n")
        self.pbt("show", "--server", self.url, "--token-file", "none", status=2)
        self.pbt("show", "--server", self.url, "--token-file", "absent", status=1)

    def test_wrong_addresses(self):
        _, errors = self.pbt("show", "--server", "http://127.0.0.1:9", status=1)
        self.assertIn("does not answer", errors)
        self.assertIn("hint: ", errors)
        for url in ("127.0.0.1:80", "ftp://localhost", "http://a b"):
            _, errors = self.pbt("show", "--server", url, status=2)
            self.assertIn("is not a server address", errors)
            self.assertIn("hint: it begins with http://", errors)
        _, errors = self.asked("show", "--store", "pbt.db", status=2)
        self.assertIn("--store or --server", errors)

    def test_changes_over_the_network(self):
        output, _ = self.asked("amend", "tiny", "stop.steps=80", "notes=by wire")
        self.assertEqual(output, "tiny: stop.steps is 80 now\ntiny: notes is by wire now\n")
        self.assertEqual(self.json("show")[0]["steps_total"], 320)
        _, errors = self.asked("amend", "tiny", "population=9", status=2)
        self.assertIn("population", errors)
        _, errors = self.asked("amend", "tiny", "trainer.library=x.so", status=2)
        self.assertIn("over a network", errors)
        output, _ = self.asked("stop", "tiny")
        self.assertIn(f"'pbt resume tiny --server {self.url}'", output)
        output, _ = self.owner.communicate(timeout=30)
        self.assertEqual(self.owner.returncode, 0)
        self.assertIn("tiny stopped: ", output)


if __name__ == "__main__":
    tap.main()
