"""A study in memory behind the worker protocol, strict in what it accepts and able to misbehave.

It decides simply: a member whose score is the lowest of those reported copies the one with the highest.
What a client said is in `calls`, what went wrong with it in `complaints`.
"""

import contextlib
import http.server
import io
import json
import os
import pathlib
import secrets
import shutil
import socket
import tarfile
import threading
import time
import urllib.parse

TOKEN = "a-token-for-tests"
SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
FIELDS = {  # of each verb's body: those it needs, those it may have
    "claim": ({"worker", "session"}, {"wait_seconds"}),
    "report": ({"attempt", "step", "metrics"}, {"samples", "checkpoint"}),
    "heartbeat": ({"attempt"}, {"step", "metrics"}),
    "release": ({"attempt", "step"}, {"checkpoint"}),
    "fail": ({"attempt", "message"}, {"retry", "leaving"}),
}


class Refusal(Exception):
    def __init__(self, status, name, message):
        super().__init__(message)
        self.answer = status, {"error": {"name": name, "message": message, "detail": "", "hint": ""}}


class Study:
    """N members, one segment after the other. All under one lock."""

    def __init__(self, folder, population=2, every=10, stop=30, **options):
        self.folder = pathlib.Path(folder)
        self.aside = self.folder / ".aside"
        self.aside.mkdir(parents=True, exist_ok=True)
        self.shown = pathlib.Path(options.pop("shown", self.folder))  # as the client is told
        self.lease_seconds = options.pop("lease_seconds", 60.0)
        self.reload = options.pop("reload", None)
        self.hyperparameters = options.pop("hyperparameters", {"rate": 1.0, "size": 3})
        self.metric = options.pop("metric", "score")
        self.is_old = options.pop("is_old", False)  # says nothing to know its folder by
        self.nonce = secrets.token_hex(16)
        (self.aside / "mark").write_text(self.nonce, encoding="ascii")
        assert not options, options
        self.every, self.stop = every, stop
        self.changed = threading.Condition()
        self.members = [self.make(m, 0, None, 0, 0) for m in range(population)]
        self.scores, self.published = {}, {}  # by member: what it reported last
        self.reported = {}  # segment: the answer's recorded and decision
        self.calls, self.complaints = [], []
        self.orders = {}  # segment: what its heartbeats are answered
        self.is_held_back = False  # hand out nothing

    def make(self, member, number, parent, step, age, donor=None, values=None):
        end = min(step - step % self.every + self.every, self.stop)
        segment = {
            "segment": f"m{member}s{number}", "attempt": 0, "member": member, "number": number,
            "parent": parent, "donor": donor, "start_step": step, "end_step": end, "stop_step": self.stop,
            "start_age": age, "end_age": age + end - step, "resume_step": step,
            "seed": 1000 + member, "fresh": parent is None,
            "hyperparameters": dict(values or self.hyperparameters), "changes": {}, "load": None,
            "save_to": None, "lease_seconds": self.lease_seconds,
        }  # fmt: skip
        if self.reload:
            segment["reload"] = self.reload
        return {"segment": segment, "holder": None, "until": 0.0, "is_over": False}

    # ---- verbs

    def claim(self, body):
        until = time.monotonic() + body.get("wait_seconds", 0)
        who = body["worker"], body["session"]
        while True:
            action = self.assign(who)
            if action["action"] != "wait" or time.monotonic() >= until:
                return action
            self.changed.wait(0.02)

    def assign(self, who, kept=None):
        now = time.monotonic()
        live = [m for m in self.members if not m["is_over"]]
        for member in live:
            if member["holder"] is not None and now > member["until"]:
                member["holder"] = None
        if not live:
            return {"action": "stop", "reason": "finished"}
        own = [m for m in live if m["holder"] == who]
        if own:
            return {"action": "train", "segment": own[0]["segment"]}
        free = [m for m in live if m["holder"] is None]
        if not free or self.is_held_back:
            return {"action": "wait", "seconds": 0.05}
        free.sort(key=lambda m: (m["segment"]["start_step"], m["segment"]["member"] != kept))
        return {"action": "train", "segment": self.hand_out(free[0], who)}

    def hand_out(self, member, who):
        segment = member["segment"]
        segment["attempt"] += 1
        segment["save_to"] = f"{self.shown}/.aside/{segment['segment']}.{segment['attempt']}"
        source = segment.get("load_from", segment["parent"])
        segment["load"] = f"{self.shown}/{source}" if source else None
        segment["fresh"] = source is None
        if not self.is_old:
            segment.update(self.proof(source))
        member["holder"], member["until"] = who, time.monotonic() + self.lease_seconds
        return segment

    def proof(self, source):
        """How a client knows that it sees the folder, and what it must find there."""
        proof = {"shared": {"file": f"{self.shown}/.aside/mark", "nonce": self.nonce},
                 "load_kind": None, "load_bytes": None, "load_modified_ns": None}  # fmt: skip
        path = self.folder / source if source else None
        if path is not None and path.exists():
            files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
            proof["load_kind"] = "folder" if path.is_dir() else "file"
            proof["load_bytes"] = sum(p.stat().st_size for p in files)
        return proof

    def find(self, name, body):
        number = int(name[1:].split("s")[0])
        member = self.members[number]
        segment = member["segment"]
        if segment["segment"] != name or segment["attempt"] != body["attempt"]:
            raise Refusal(409, "ERR_LATE", "a newer attempt has been claimed")
        return member, segment

    def report(self, name, body):
        if (name, body["attempt"]) in self.reported:
            recorded = self.reported[name, body["attempt"]]
            return {**recorded, "action": self.assign(recorded["who"])}
        member, segment = self.find(name, body)
        score = self.score(body)
        is_finite = not isinstance(score, str)
        if is_finite and not segment["end_step"] <= body["step"] < segment["end_step"] + self.every:
            raise Refusal(400, "ERR_REPORT", "the step does not fit")
        if is_finite:
            self.take(name, body, self.folder / name)
        who = member["holder"]
        decision = self.decide(member, body["step"], score if is_finite else float("-inf"))
        kept = {"recorded": True, "decision": decision, "who": who}
        self.reported[name, body["attempt"]] = kept
        self.changed.notify_all()
        return {"recorded": True, "decision": decision,
                "action": self.assign(who, segment["member"])}  # fmt: skip

    def score(self, body):
        if self.metric in body["metrics"]:
            return body["metrics"][self.metric]
        samples = body.get("samples", {}).get(self.metric)
        if not samples:
            raise Refusal(400, "ERR_REPORT", f"the report has no metric '{self.metric}'")
        return sum(samples) / len(samples)

    def take(self, name, body, target):
        path = self.aside / f"{name}.{body['attempt']}"
        if body.get("checkpoint") not in ("saved", "uploaded") or not path.exists():
            raise Refusal(400, "ERR_CHECKPOINT", f"there is nothing at '{path}'")
        if target.is_dir():
            shutil.rmtree(target)
        path.rename(target)

    def decide(self, member, step, score):
        segment = member["segment"]
        index, age = segment["member"], segment["start_age"] + step - segment["start_step"]
        self.scores[index] = score
        self.published[index] = segment
        if step >= self.stop:
            member["is_over"], member["holder"] = True, None
            return None
        best = max(self.scores, key=lambda m: (self.scores[m], -m))
        worst = min(self.scores, key=lambda m: (self.scores[m], -m))
        donor = best if index == worst and self.scores[best] > score else None
        parent, values = segment["segment"], segment["hyperparameters"]
        if donor is not None:
            parent = self.published[donor]["segment"]
            values = {**self.published[donor]["hyperparameters"], "rate": 2.0}
        elif score == float("-inf"):
            parent = None
        self.members[index] = self.make(
            index, segment["number"] + 1, parent, step, age, donor, values
        )
        return {"segment": f"m{index}s{segment['number'] + 1}", "donor": donor}

    def heartbeat(self, name, body):
        try:
            member, _ = self.find(name, body)
        except Refusal:
            return {"action": "lost"}
        if member["holder"] is None:
            return {"action": "lost"}
        member["until"] = time.monotonic() + self.lease_seconds
        return {"action": self.orders.get(name, "continue")}

    def release(self, name, body):
        member, segment = self.find(name, body)
        if body.get("checkpoint"):
            if not segment["start_step"] < body["step"] < segment["end_step"]:
                raise Refusal(400, "ERR_REPORT", "progress lies between start and end")
            self.take(name, body, self.folder / f"{name}.progress")
            segment["resume_step"], segment["load_from"] = body["step"], f"{name}.progress"
        member["holder"] = None
        self.changed.notify_all()
        return {"recorded": True}

    def fail(self, name, body):
        member, _ = self.find(name, body)
        who, member["holder"] = member["holder"], None
        if not body.get("retry", True):
            member["is_over"] = True
        return {"action": "wait", "seconds": 1} if body.get("leaving") else self.assign(who)

    # ---- checkpoints

    def upload(self, name, attempt, data, kind):
        self.find(name, {"attempt": attempt})
        path = self.aside / f"{name}.{attempt}"
        if kind == "application/x-tar":
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
                for entry in tar:
                    assert entry.isfile() or entry.isdir(), entry.name
                tar.extractall(path, **SAFELY)
            return {"kind": "folder", "bytes": len(data)}
        path.write_bytes(data)
        return {"kind": "file", "bytes": len(data)}

    def download(self, name):
        member = self.members[int(name[1:].split("s")[0])]
        assert member["segment"]["segment"] == name
        path = self.folder / pathlib.Path(member["segment"]["load"]).name
        if path.is_file():
            return "application/octet-stream", path.read_bytes()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for entry in sorted(path.iterdir()):
                tar.add(entry, arcname=entry.name)
        return "application/x-tar", packed.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connection_count += 1

    def serve(self):
        server, study = self.server, self.server.study
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        if len(data) < length:
            return  # the client died while it sent
        parts = urllib.parse.urlsplit(self.path)
        words = parts.path.strip("/").split("/")
        verb = words[-1] if self.command == "POST" else self.command
        if self.broken("before", verb):
            return
        kind, answer = "application/json", None
        try:
            with study.changed:
                status, answer = 200, self.answer(study, words, parts.query, data)
        except Refusal as refusal:
            status, answer = refusal.answer
        except Exception as error:  # what a client should never cause
            study.complaints.append(f"{self.command} {self.path} {data[:200]!r}: {error!r}")
            status, answer = 500, {"error": {"name": "ERR_IO", "message": repr(error)}}
        if self.broken("after", verb):
            return
        if isinstance(answer, tuple):
            kind, body = answer
        else:
            body = json.dumps(answer).encode()
        self.send_response(server.statuses.pop(verb, status))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = serve

    def broken(self, when, verb):
        """Whether this exchange is to break off here."""
        left = self.server.breaks.get((when, verb), 0)
        self.server.breaks[when, verb] = left - 1
        if left > 0:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        return left > 0

    def answer(self, study, words, query, data):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "ERR_TOKEN", "no valid token")
        assert words[:3] == ["v1", "studies", "toy"], words
        kind = self.headers.get("Content-Type")
        if self.command == "GET":
            return study.download(words[4]) if words[3:] else {"name": "toy", "metric": study.metric}
        if self.command == "PUT":
            attempt = int(urllib.parse.parse_qs(query)["attempt"][0])
            study.calls.append(("upload", words[4], kind))
            return study.upload(words[4], attempt, data, kind)
        assert kind == "application/json", kind
        body = json.loads(data, parse_constant=lambda word: 1 / 0)
        verb = words[-1]
        needed, allowed = FIELDS[verb]
        assert needed <= set(body) <= needed | allowed, (verb, sorted(body))
        if verb == "claim":
            assert 0 < len(body["worker"]) <= 64 and 0 < len(body["session"]) <= 32
            study.calls.append((verb, None, body))
            return study.claim(body)
        study.calls.append((verb, words[4], body))
        return getattr(study, verb)(words[4], body)

    def log_message(self, format, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Serves a study on loopback until it is closed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, study):
        super().__init__(("127.0.0.1", 0), Handler)
        self.study = study
        self.breaks = {}  # ("before" or "after" the study acts, verb): how many exchanges break
        self.statuses = {}  # verb: a status that replaces one answer's
        self.connection_count = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that hangs up is no news."""

    def environment(self, **more):
        """What a program that trains in the study finds in its environment."""
        source = str(pathlib.Path(__file__).resolve().parents[1] / "src")
        own = {"PBT_SERVER": self.url, "PBT_STUDY": "toy", "PBT_TOKEN": TOKEN, "PBT_WORKER": "w0",
               "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        return {**os.environ, **own, **more}

    def close(self):
        self.shutdown()
        self.server_close()
