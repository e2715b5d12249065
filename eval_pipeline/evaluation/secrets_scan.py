"""Looks for secrets in an app's tree: the evaluator's own settings' values and a few well-known shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from eval_pipeline.evaluation.sources import SourceTree

SHAPES = {
    "Databricks token": ("dapi", r"\bdapi[0-9a-f]{32}\b"),
    "Databricks OAuth secret": ("dose", r"\bdose[0-9a-f]{32}\b"),
    "AWS access key": ("AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    "AWS session key": ("ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    "private key": ("PRIVATE KEY-----", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "GitHub token": ("gh", r"\b(?:gh[pousr]_[A-Za-z0-9]{36})\b"),
    "GitHub fine-grained token": ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    "Slack token": ("xox", r"\bxox[abprs]-[A-Za-z0-9-]{20,}\b"),
    "Anthropic key": ("sk-ant-", r"\bsk-ant-[A-Za-z0-9_-]{24,}\b"),
    "Google API key": ("AIza", r"\bAIza[0-9A-Za-z_-]{35}\b"),
}
"""For each kind a literal that any such secret holds, looked for first because that is fast, and the whole shape."""
_SHAPES = [(kind, literal, re.compile(shape)) for kind, (literal, shape) in SHAPES.items()]
MIN_SECRET_LENGTH = 8
MAX_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """Where a secret is and what it looks like; never the secret."""

    path: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.path}:{self.line}"


def find_secrets(tree: SourceTree, own: Iterable[str] = ()) -> list[Finding]:
    values = [value for value in own if len(value) >= MIN_SECRET_LENGTH]
    found: list[Finding] = []
    for path, file in tree.files.items():
        hits = [(file.text.find(v), "a secret of this evaluator") for v in values if v in file.text]
        for kind, literal, shape in _SHAPES:
            if literal in file.text:
                hits += [(match.start(), kind) for match in shape.finditer(file.text)]
        found += [Finding(str(path), file.text.count("\n", 0, at) + 1, kind) for at, kind in hits]
        if len(found) >= MAX_FINDINGS:
            break
    return found[:MAX_FINDINGS]
