"""What the tests of the server share: a server of their own, a client, and the API's own words.

Every answer that passes through `Case.call` is checked against docs/api.yaml: the status and the
media type must stand there, and the body must fit its schema.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

import jsonschema
import yaml

SERVE = os.environ["SERVE"]
API = yaml.safe_load(pathlib.Path(os.environ["API"]).read_text(encoding="utf-8"))
# What the page lists for statuses that stand for themselves.
STATUSES = {
    "ERR_ARGUMENT": 400,
    "ERR_REPORT": 400,
    "ERR_CHECKPOINT": 400,
    "ERR_TOKEN": 401,
    "ERR_ROLE": 403,
    "ERR_NOT_FOUND": 404,
    "ERR_METHOD": 405,
    "ERR_LATE": 409,
    "ERR_STATE": 409,
    "ERR_SPEC": 422,
    "ERR_LIMIT": 413,
    "ERR_IO": 500,
    "ERR_STORE": 500,
    "ERR_CORRUPT": 500,
    "ERR_BUSY": 503,
    "ERR_MEMORY": 503,
}
# TSan's and ASan's memory is theirs; what a test measures then says nothing.
IS_PLAIN = os.environ.get("SANITIZE", "none") == "none"

SPEC = """\
version: 1
name: tiny
seed: {seed}
population: {population}
mode: {mode}
ready: {{every: 10}}
stop: {{steps: {steps}}}
hyperparameters:
  rate: {{type: float, scale: log, min: 0.001, max: 1.0}}
  width: {{type: ordinal, values: [32, 64], inherit: true}}
  name: {{type: choice, values: [sgd, adam]}}
{more}
trainer: {{protocol: worker, command: [none]}}
lease: {{seconds: {lease}}}
"""


def resolve(node):
    """Follow references within the page."""
    while "$ref" in node:
        place = API
        for part in node["$ref"].lstrip("#/").split("/"):
            place = place[part]
        node = place
    return node


def find_path(path):
    """The page's path that a request's path is one of, or None."""
    for pattern in API["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return pattern
    return None


def validate(value, schema):
    """Check a value against a schema that may refer to the page's others."""
    whole = {"components": API["components"], **schema}
    jsonschema.Draft202012Validator(whole).validate(value)


class Answer:
    """An answer: `status`, `headers`, `bytes`, and `json` where it is JSON."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()
        self.type = response.headers.get("Content-Type")
        self.json = json.loads(self.bytes) if self.type == "application/json" else None


def check(method, path, answer):
    """Hold an answer against the page."""
    pattern = find_path(path.partition("?")[0])
    operation = API["paths"].get(pattern, {}).get(method.lower())
    if operation is None:
        assert answer.status in (401, 404, 405, 413), f"{method} {path}: {answer.status}"
        operation = {"responses": {"default": {"$ref": "#/components/responses/Error"}}}
    responses = operation["responses"]
    said = responses.get(str(answer.status), responses["default"])
    media = resolve(said)["content"].get(answer.type)
    assert media is not None, f"{method} {path}: {answer.status} as {answer.type}"
    if answer.json is not None:
        validate(answer.json, media["schema"])
    if answer.status >= 400:
        assert STATUSES[answer.json["error"]["name"]] == answer.status, answer.json


class Case(unittest.TestCase):
    """Each case has a folder, and a server over a store in it with the study `tiny`."""

    maxDiff = None
    options = ()
    spec = {}

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pbt-server-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        values = {"seed": 3, "population": 4, "mode": "asynchronous", "steps": 40, "lease": 60,
                  "more": ""}
        (self.folder / "spec.yaml").write_text(SPEC.format(**(values | self.spec)))
        self.serve = None
        self.open()
        self.addCleanup(self.close)

    # ---- the server

    def open(self):
        self.serve = subprocess.Popen(
            [SERVE, "spec.yaml", *self.options], cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        ready = json.loads(self.serve.stdout.readline())
        self.url, self.token = ready["url"], ready["token"]
        self.worker_token = ready["worker_token"]
        self.host, self.port = urllib.parse.urlsplit(self.url).netloc.split(":")
        self.port = int(self.port)
        self.connection = None

    def close(self):
        """Stop the server and see that it ended well."""
        if self.serve is None:
            return
        serve, self.serve = self.serve, None
        if self.connection is not None:
            self.connection.close()
        serve.stdin.close()
        status = serve.wait(timeout=60)
        serve.stdout.close()
        self.assertEqual(status, 0, "the server did not end well")

    def kill(self):
        """End it at once."""
        serve, self.serve = self.serve, None
        serve.kill()
        serve.wait()
        serve.stdin.close()
        serve.stdout.close()

    def tell(self, command):
        """Give the server's program a command; its answer."""
        self.serve.stdin.write(command + "\n")
        self.serve.stdin.flush()
        return self.serve.stdout.readline().strip()

    # ---- the client

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def call(self, method, path, body=None, token=None, type=None, connection=None):
        """One call over a connection that is kept; its answer, held against the page."""
        if connection is None:
            self.connection = self.connection or self.connect()
            connection = self.connection
        headers = {"Authorization": f"Bearer {token if token is not None else self.token}"}
        if type is not None:
            headers["Content-Type"] = type
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method, path, data, headers)
        answer = Answer(connection.getresponse())
        check(method, path, answer)
        return answer

    def ok(self, method, path, body=None, **options):
        answer = self.call(method, path, body, **options)
        self.assertEqual(answer.status, 200, answer.bytes)
        return answer.json

    def refused(self, name, method, path, body=None, **options):
        """A call that is refused by that name; the error."""
        answer = self.call(method, path, body, **options)
        self.assertEqual(answer.status, STATUSES[name], answer.bytes)
        self.assertEqual(answer.json["error"]["name"], name, answer.json)
        return answer.json["error"]

    # ---- a worker

    def claim(self, worker="w", session=None, **more):
        body = {"worker": worker, "session": session or worker} | more
        return self.ok("POST", "/v1/studies/tiny/claim", body)

    def train(self, worker="w", session=None):
        """Claim, expecting a segment."""
        action = self.claim(worker, session)
        self.assertEqual(action["action"], "train", action)
        return action["segment"]

    def path(self, segment, verb):
        return f"/v1/studies/tiny/segments/{segment['segment']}/{verb}"

    def put(self, segment, data, type="application/octet-stream", **options):
        name = f"/v1/studies/tiny/checkpoints/{segment['segment']}?attempt={segment['attempt']}"
        return self.call("PUT", name, data, type=type, **options)

    def save(self, segment):
        """Write where the segment says, what says which one it was."""
        text = f"{segment['segment']}.{segment['attempt']}"
        pathlib.Path(segment["save_to"]).write_text(text)

    def result(self, segment, score=0.5, **more):
        return {
            "attempt": segment["attempt"],
            "step": segment["end_step"],
            "metrics": {"score": score},
            "checkpoint": "saved",
        } | more

    def report(self, segment, score=0.5, **more):
        """Save and report."""
        self.save(segment)
        return self.ok("POST", self.path(segment, "report"), self.result(segment, score, **more))

    def finish(self, score=lambda segment: 0.5, limit=1000):
        """Train all that is left; the segments in the order in which they were trained."""
        action, trained = self.claim(), []
        while action["action"] == "train":
            segment = action["segment"]
            trained.append(segment)
            self.assertLess(len(trained), limit)
            action = self.report(segment, score(segment))["action"]
        return trained
