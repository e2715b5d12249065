"""The documents and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eval_pipeline.evaluation.codes import ANY_METRIC, CODES
from eval_pipeline.evaluation.controls import MUTANTS
from eval_pipeline.evaluation.identity import PACKAGE
from eval_pipeline.evaluation.stacks import STACKS
from eval_pipeline.evaluation.verdicts import failed
from eval_pipeline.model import METRICS

DOCS = PACKAGE.parent / "docs"


def test_every_failure_code_is_listed_with_its_meaning() -> None:
    text = (DOCS / "METRICS.md").read_text().partition("## Failure codes")[2]
    listed = set(re.findall(r"^\| (\w+) \| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    known = {(metric, code, meaning) for metric, codes in CODES.items() for code, meaning in codes.items()}
    assert listed == known | {("any", code, meaning) for code, meaning in ANY_METRIC.items()}


def test_every_code_that_the_metrics_use_is_listed_and_the_other_way_round() -> None:
    used: dict[str, set[str]] = {}
    for metric in METRICS:
        text = (PACKAGE / "evaluation" / "metrics" / f"{metric}.py").read_text()
        used[metric] = set(re.findall(r'"([a-z][a-z0-9_]*)"', text)) & set().union(*CODES.values())
    for metric, codes in used.items():
        assert codes <= set(CODES[metric]), metric
    # The codes of the dependencies and of the tree come from other files.
    for metric in METRICS[1:7]:
        assert set(CODES[metric]) <= used[metric], metric


def test_a_code_that_is_not_listed_cannot_be_given() -> None:
    with pytest.raises(ValueError, match=r"codes\.py"):
        failed("build_success", "made_up", "x")


def test_every_control_uses_listed_codes() -> None:
    for mutant in MUTANTS:
        for metric, code in mutant.failing.items():
            assert code in CODES[metric], mutant.name


def test_every_stack_and_every_metric_is_in_the_table_of_stacks() -> None:
    text = (DOCS / "STACKS.md").read_text()
    for stack in STACKS:
        assert f"`{stack.NAME}`" in text
    for metric in METRICS:
        assert f"| `{metric}` |" in text


def test_controls_carry_no_machine_paths_and_no_registry_hosts() -> None:
    for path in (PACKAGE / "evaluation" / "controls").rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and "node_modules" not in path.parts:
            text = path.read_text()
            assert '"resolved"' not in text, path
            assert str(Path.home()) not in text, path
