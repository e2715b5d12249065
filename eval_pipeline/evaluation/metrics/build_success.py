"""1 build_success: the production build exits 0 and leaves the artefact that the start command needs."""

from __future__ import annotations

from eval_pipeline.evaluation.facts import AppFault, BuildFacts
from eval_pipeline.evaluation.verdicts import failed, passed
from eval_pipeline.model import MetricResult

METRIC = "build_success"
VERSION = 1


def judge(facts: BuildFacts | AppFault) -> MetricResult:
    """An AppFault here is what kept the dependencies from being installed."""
    if isinstance(facts, AppFault):
        return failed(METRIC, facts.code, facts.reason)
    command = facts.command
    seconds = command.seconds if command else 0.0
    if command and command.out_of_memory:
        return failed(METRIC, "build_out_of_memory", "the build was stopped at its memory limit", seconds)
    if command and command.timed_out:
        return failed(METRIC, "build_timeout", f"the build was stopped after {seconds:.0f} s", seconds)
    if command and command.exit_code != 0:
        return failed(METRIC, "build_failed", f"exit code {command.exit_code}: {command.tail}", seconds)
    if not facts.has_start_command:
        return failed(METRIC, "no_start_command", "app.yaml has no command and package.json no start script", seconds)
    if not facts.has_artefact:
        reason = f"the start command runs {facts.artefact}, which is not there after the build"
        return failed(METRIC, "artefact_missing", reason, seconds)
    return passed(METRIC, seconds, "" if command else "nothing to build", artefact=facts.artefact)
