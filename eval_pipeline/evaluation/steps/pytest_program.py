"""Runs an app's tests inside the sandbox under our configuration and writes what came of each.

Started as a program by the app's own Python: nothing but the standard library and pytest is imported.
Arguments: a JSON object with `report`, `ini`, `path` (folders of sources), `options`, `arguments`, and `own_pytest`, a
folder to look in last.
"""

import json
import sys
from pathlib import Path

WORST_FIRST = ("failed", "skipped", "passed")


class Recorder:
    """Counts tests by node id: a test has failed when any of its phases has."""

    def __init__(self):
        self.outcomes = {}
        self.broken = 0
        self.failures = []

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        before = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = min(before, report.outcome, key=WORST_FIRST.index)
        if report.failed:
            self.failures.append(f"{report.nodeid}: {last_line(report)}")

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken += 1
            self.failures.append(f"{report.nodeid}: {last_line(report)}")

    def write(self, path):
        found = list(self.outcomes.values())
        content = {outcome: found.count(outcome) for outcome in WORST_FIRST}
        content |= {"total": len(found), "broken": self.broken, "failures": self.failures[:20]}
        Path(path).write_text(json.dumps(content), encoding="utf-8")


def last_line(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if crash else lines[-1])[:300] if lines else "it failed"


def main():
    asked = json.loads(sys.argv[1])
    root = str(Path.cwd())
    # In place of this program's own folder; `python -m pytest` puts the working folder there.
    sys.path[0] = root
    if asked["own_pytest"]:
        sys.path.append(asked["own_pytest"])
    import pytest

    recorder = Recorder()
    sources = " ".join(f"{root}/{folder}" for folder in asked["path"])
    options = asked["options"] | {"pythonpath": sources}
    # Without the last, pytest would look for conftest.py no higher than beside our ini file.
    places = ["-c", asked["ini"], "--rootdir", root, "--confcutdir", root]
    arguments = [*places, "-p", "no:cacheprovider", "-q", "--tb=short"]
    for name, value in options.items():
        arguments += ["-o", f"{name}={value}"]
    code = pytest.main([*arguments, *asked["arguments"]], plugins=[recorder])
    # After a conftest that cannot be loaded, or an error of pytest's own, nothing is known of the tests.
    if code not in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        recorder.write(asked["report"])
    sys.exit(int(code))


main()
