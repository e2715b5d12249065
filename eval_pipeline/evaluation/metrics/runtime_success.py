"""2 runtime_success: the built app listens on its port, a health or API route answers for itself, and it
outlives a visit."""

from __future__ import annotations

from eval_pipeline.evaluation.facts import RunFacts
from eval_pipeline.evaluation.verdicts import failed, passed
from eval_pipeline.model import MetricResult

METRIC = "runtime_success"
VERSION = 1


def judge(facts: RunFacts) -> MetricResult:
    seconds = facts.seconds.get("start", 0.0)
    if not facts.listening:
        if facts.exited:
            reason = f"exit code {facts.exit_code} before listening: {facts.tail}"
            return failed(METRIC, "crashed_at_start", reason, seconds)
        if facts.other_ports:
            ports = ", ".join(map(str, facts.other_ports))
            reason = f"PORT was {facts.port}, it listens on {ports}"
            return failed(METRIC, "wrong_port", reason, seconds)
        return failed(METRIC, "no_listener", f"nothing on port {facts.port} after {seconds:.0f} s", seconds)
    if not facts.alive_after_visit:
        reason = f"exit code {facts.exit_code} while it was used: {facts.tail}"
        return failed(METRIC, "died_after_visit", reason, seconds)
    health = facts.health
    if facts.is_static and not health:
        reason = "; ".join(f"{p.path} answered {'with the page' if p.is_shell else p.status}" for p in facts.probes[:3])
        return failed(METRIC, "page_not_served", reason or "the page could not be visited", seconds)
    if health:
        return passed(METRIC, seconds, health_route=health.path)
    broken = next((p for p in facts.probes if p.status >= 500), None)
    if broken:
        return failed(METRIC, "health_500", f"{broken.path} answered {broken.status}", seconds)
    if facts.api_route:
        return passed(METRIC, seconds, "no health route; an API route of the page answers", api_route=facts.api_route)
    shell = next((p for p in facts.probes if p.is_shell), None)
    reason = "no health route answers 2xx, and the page uses no API route that does"
    if shell:
        reason = f"{shell.path} answers what a made-up path answers too: a catch-all is not health"
    return failed(METRIC, "no_health_route", reason, seconds)
