"""What this evaluator is: one digest over the code that runs and judges apps, the tools' versions and the limits.

The metrics' own files are left out: each has its version in the cache's key, so that an edited metric alone is
judged again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from eval_pipeline.evaluation.metrics import MODULES, metric_version

PACKAGE = Path(__file__).resolve().parent.parent
FOLDERS = ("evaluation", "sandbox", "workspace")
SUFFIXES = frozenset({".py", ".mjs", ".sql", ".json", ".js"})


@cache
def source_digest() -> str:
    """Digest of our own source files, read once per process."""
    metric_files = {Path(str(module.__file__)).resolve() for module in MODULES.values()}
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted(_files(PACKAGE / folder)):
            if path not in metric_files:
                digest.update(f"{path.relative_to(PACKAGE)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    controls = PACKAGE / "evaluation" / "controls"
    return (p for p in folder.rglob("*") if p.suffix in SUFFIXES and p.is_file() and controls not in p.parents)


def verdict_digest(evaluator: str, sample_schema_version: int) -> str:
    """16 hex digits over all that a verdict rests on besides the app: the evaluator, every metric, the sample data."""
    versions = json.dumps([evaluator, sample_schema_version, {m: metric_version(m) for m in sorted(MODULES)}])
    return hashlib.sha256(versions.encode()).hexdigest()[:16]


def evaluator_digest(tools: Mapping[str, str], isolation: str, limits: Mapping[str, float]) -> str:
    """16 hex digits over sources, tool versions, isolation level and limits."""
    rest = json.dumps([dict(sorted(tools.items())), isolation, dict(sorted(limits.items()))])
    return hashlib.sha256(f"{source_digest()}\0{rest}".encode()).hexdigest()[:16]
