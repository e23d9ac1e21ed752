"""The event files as the real TensorBoard reads them, held against `pbt segments --json`.

From tests/export/requirements.txt, which `tools/install-deps test` puts into build-python.
"""

import datetime
import json
import logging
import re
import signal
import struct
import subprocess
import sys
import time
import unittest
import urllib.request

import tap
from case import Case

try:
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.backend.event_processing import plugin_event_accumulator as accumulator

    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # it tells of each restart
    MISSING = None
except ImportError as error:
    MISSING = f"{error}; tools/install-deps test installs it"

MORE = """\
  units: {type: int, min: 1, max: 64}
  kind: {type: choice, values: [sgd, adam]}
"""


def single(value):
    """A number as a float of 32 bits holds it."""
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def points_of(segments, clock):
    """What a run should hold: {tag: [(step, value, wall time)]}."""
    points = {}
    for segment in segments:
        scalars = {"score": segment["score"]}
        scalars |= {f"metrics/{k}": v for k, v in segment["metrics"].items()}
        values = segment["hyperparameters"].items()
        scalars |= {f"hyperparameters/{k}": v for k, v in values if is_number(v)}
        when = seconds_of(segment["reported_at"])
        for tag, value in scalars.items():
            points.setdefault(tag, []).append((segment[clock], single(value), round(when * 1e6)))
    return points


@unittest.skipIf(MISSING, MISSING)
class TensorBoard(Case):
    def setUp(self):
        super().setUp()
        self.options()

    def options(self, **changes):
        self.spec(**changes)
        path = self.folder / "spec.yaml"
        path.write_text(path.read_text().replace("trainer:\n", MORE + "trainer:\n", 1))

    def expected(self):
        """{run: points} of the study."""
        segments = {segment["segment"]: segment for segment in self.json("segments", "tiny")}
        members = {}
        for segment in segments.values():
            if segment["state"] == "reported":
                members.setdefault(f"m{segment['member']}", []).append(segment)
        lineage = []
        at = self.json("best", "tiny")[0]["segment"]
        while at:
            lineage.insert(0, segments[at])
            at = segments[at]["parent"]
        runs = {run: points_of(reported, "end_step") for run, reported in members.items()}
        return runs | {"best": points_of(lineage, "end_age")}

    def found(self, folder):
        runs = {}
        for path in sorted((self.folder / folder).iterdir()):
            events = accumulator.EventAccumulator(str(path), size_guidance={"tensors": 0})
            events.Reload()
            tags = [tag for tag in events.Tags()["tensors"] if not tag.startswith("_hparams_/")]
            runs[path.name] = {
                tag: [
                    (e.step, e.tensor_proto.float_val[0], round(e.wall_time * 1e6))
                    for e in events.Tensors(tag)
                ]
                for tag in tags
            }
        return runs

    def written(self, folder):
        """How often a member's points stand in the files: {(run, step): count}."""
        counts = {}
        for path in sorted((self.folder / folder).glob("m*/*")):
            for event in event_file_loader.EventFileLoader(str(path)).Load():
                if any(value.tag == "score" for value in event.summary.value):
                    place = (path.parent.name, event.step)
                    counts[place] = counts.get(place, 0) + 1
        return counts

    def run_until(self, pattern, number):
        """Run, and end the program with a signal when a line says so."""
        process = self.start("run", "spec.yaml", "--tensorboard", "tb", "--slots", "2")
        for line in process.stdout:
            if re.search(pattern, line):
                process.send_signal(number)
                break
        process.communicate(timeout=60)

    def test_an_export_holds_every_value(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("export", "--output", "tb", "--format", "tensorboard")
        self.assertEqual(self.found("tb"), self.expected())

    def test_the_best_lineage_counts_its_age(self):
        """A lone member whose second segment fails goes back: it is older than its weights."""
        self.options(population="1")
        with open(self.folder / "spec.yaml", "a", encoding="utf-8") as spec:
            spec.write("failure: {retries: 0, patience: 0}\n")
        trainer = self.folder / "trainer.sh"
        broken = '[ "$4" = 10 ] && mkdir broken 2>/dev/null && exit 1\n'
        trainer.write_text(broken + trainer.read_text())
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "live", status=1)
        self.pbt("export", "--output", "tb", "--format", "tensorboard")
        for folder in ("tb", "live/tiny"):
            found = self.found(folder)
            self.assertEqual([point[0] for point in found["best"]["score"]], [10, 20, 30])
            self.assertEqual([point[0] for point in found["m0"]["score"]], [10, 30, 40])
            self.assertEqual(found, self.expected())

    def test_a_live_study_holds_every_value(self):
        self.options(steps="100")
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertEqual(self.found("tb/tiny"), self.expected())

    def test_no_point_is_lost_or_doubled_by_kills(self):
        self.options(steps="100", delay="0.05")
        self.run_until(r" m1s2 reported ", signal.SIGKILL)
        self.run_until(r" m2s5 reported ", signal.SIGINT)
        self.run_until(r" m0s7 reported ", signal.SIGKILL)
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertGreater(len(list((self.folder / "tb/tiny/m0").iterdir())), 2)
        self.assertEqual(self.found("tb/tiny"), self.expected())
        counts = self.written("tb/tiny")
        self.assertEqual(len(counts), 40)
        self.assertEqual(set(counts.values()), {1})

    def test_a_torn_record_is_written_again(self):
        self.options(steps="100", delay="0.05")
        self.run_until(r" m1s4 reported ", signal.SIGINT)
        for run in ("m1", "best"):
            path = self.folder / "tb/tiny" / run / "events.out.tfevents.000001.pbt"
            path.write_bytes(path.read_bytes()[:-3])
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb")
        self.assertEqual(self.found("tb/tiny"), self.expected())

    # ---- the program itself ----

    def serve(self, folder):
        """Start TensorBoard on a free port of this machine and return its address."""
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder, "--port", "0"]
        log = open(self.folder / "tensorboard.log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1"], cwd=self.folder, stdout=log, stderr=log
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        for _ in range(1200):
            text = (self.folder / "tensorboard.log").read_text()
            match = re.search(r"at (http://[^ /]+)/ \(Press", text)
            if match or process.poll() is not None:
                break
            time.sleep(0.05)
        self.assertTrue(match, text)
        return match.group(1)

    def ask(self, url, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def wait_for_runs(self, server, count):
        for _ in range(600):
            if len(self.ask(f"{server}/data/runs")) == count:
                return
            time.sleep(0.05)
        self.fail("TensorBoard shows no runs")

    def groups(self, server):
        body = {
            "startIndex": 0,
            "sliceSize": 100,
            "colParams": [{"metric": {"tag": "score"}}],
            "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE",
                                "STATUS_RUNNING"],
        }
        groups = self.ask(f"{server}/data/plugin/hparams/session_groups", body)["sessionGroups"]
        return {group["name"]: group for group in groups}

    def test_the_program_shows_scalars_and_hparams(self):
        self.pbt("run", "spec.yaml", "--quiet", "--slots", "2")
        self.pbt("export", "--output", "tb", "--format", "tensorboard")
        server = self.serve("tb")
        self.wait_for_runs(server, 5)
        expected = self.expected()
        tags = self.ask(f"{server}/data/plugin/scalars/tags")
        shown = {run: sorted(tag for tag in found if tag[0] != "_") for run, found in tags.items()}
        self.assertEqual(shown, {run: sorted(points) for run, points in expected.items()})
        for run, points in expected.items():
            for tag, values in points.items():
                url = f"{server}/data/plugin/scalars/scalars?run={run}&tag={tag}"
                scalars = [(step, value, round(when * 1e6)) for when, step, value in self.ask(url)]
                self.assertEqual(scalars, values, (run, tag))

        newest = {f"m{s['member']}": s for s in self.json("segments", "tiny")}
        groups = self.groups(server)
        self.assertEqual(sorted(groups), ["m0", "m1", "m2", "m3"])
        for member, group in groups.items():
            self.assertEqual(group["hparams"], newest[member]["hyperparameters"])
            scores = {v["name"]["tag"]: v["value"] for v in group["metricValues"]}
            self.assertEqual(scores["score"], single(newest[member]["score"]))
            self.assertEqual(group["sessions"][0]["status"], "STATUS_SUCCESS")

        infos = self.ask(f"{server}/data/plugin/hparams/experiment", {"experimentName": ""})
        infos = {info["name"]: info for info in infos["hparamInfos"]}
        self.assertEqual(sorted(infos), ["kind", "rate", "units", "width"])
        self.assertEqual(infos["rate"]["domainInterval"], {"minValue": 0.001, "maxValue": 1.0})
        self.assertEqual(infos["kind"]["domainDiscrete"], ["sgd", "adam"])
        self.assertEqual(infos["width"]["type"], "DATA_TYPE_FLOAT64")

    def test_the_program_takes_back_what_is_not_the_best_lineage(self):
        self.options(steps="100", delay="0.1")
        self.run_until(r" m1s5 reported ", signal.SIGINT)
        self.pbt("run", "spec.yaml", "--quiet", "--tensorboard", "tb", "--slots", "2")
        server = self.serve("tb")
        self.wait_for_runs(server, 5)
        values = self.expected()["best"]["score"]
        shown = self.ask(f"{server}/data/plugin/scalars/scalars?run=tiny/best&tag=score")
        self.assertEqual([tuple(point[1:]) for point in shown], [point[:2] for point in values])
        started = {s["segment"]: s["hyperparameters"] for s in self.json("segments", "tiny")}
        groups = self.groups(server)
        self.assertEqual(sorted(groups), [f"tiny/m{member}" for member in range(4)])
        for member, group in groups.items():
            name = member.rpartition("/")[2]
            self.assertEqual(group["hparams"], started[f"{name}s0"])


if __name__ == "__main__":
    tap.main()
