"""Makes one cohort's apps: a row per prompt, failures included; what is there is kept; safe to kill and run again."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from eval_pipeline.generation.base import GenerationError, GenerationRequest, Generator
from eval_pipeline.generation.digest import TreeError, check_tree
from eval_pipeline.model import Cohort, EvaluatorError, GeneratedApp, GenerationMetrics, InputError, Prompt
from eval_pipeline.storage.artifacts import ArtifactStore

GENERATION_FILE = ".eval/generation.json"
GENERATION_SCHEMA_VERSION = 1
_MAX_NAME = 60
_MAX_REASON = 500
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a about all also an and any are as at be build by can chart could create dashboard do does each every for "
        "from get give has have how i if in into is it its just let like list make many me much my need of on one or "
        "our over page please put see show simple so some that the their them then there they this to us want was we "
        "what when where which who will with would you your",
    )
)
"""Words that say nothing about an app."""


def app_name(prompt: Prompt) -> str:
    """A name that tells what the app is, stable for the prompt: its id, after some words where the id is one word.

    Only a-z, 0-9 and hyphens, at most 60.
    """
    tail = re.sub(r"[^a-z0-9]+", "-", prompt.id.lower())[-_MAX_NAME:].strip("-") or "app"
    if "-" in tail:
        return tail
    words = [w for w in re.findall(r"[a-z][a-z0-9]+", prompt.text.lower()) if w not in _FILLERS]
    head = "-".join(dict.fromkeys(words[:3]))[: _MAX_NAME - 1 - len(tail)].strip("-")
    return f"{head}-{tail}" if head else tail


def generate_cohort(
    prompts: Sequence[Prompt],
    cohort: Cohort,
    generator: Generator,
    store: ArtifactStore,
    existing: Sequence[GeneratedApp] = (),
    force: bool = False,
    budget_usd: float | None = None,
    progress: Callable[[GeneratedApp, int], None] = lambda app, done: None,
) -> list[GeneratedApp]:
    """Makes an app for every prompt and gives a row for each, in the prompts' order.

    An app that is in the store and answers the same text is kept, known from `existing` or from its own
    generation.json, so that a run which was killed ends with the same rows when it is run again; `force` makes all of
    them anew. Prompts that failed or were not tried are tried again.

    Args:
        budget_usd: what this call may spend; once spent, the rest is not tried. Without a model nothing is spent.
        progress: called with each row as it is there, and how many rows there are by then.

    Raises:
        InputError: two prompts have the same app name.
        EvaluatorError: the store cannot be written, the disk is full.
    """
    names = _unique_names(prompts)
    known = {app.prompt.id: app for app in existing if app.cohort == cohort}
    rows: list[GeneratedApp] = []
    spent_usd = 0.0
    for prompt in prompts:
        name = names[prompt.id]
        row = None if force else _kept(prompt, name, cohort, store, known.get(prompt.id))
        if row is None:
            attempt = _Attempt(_started(prompt, name, cohort, generator), generator, store)
            is_spent = budget_usd is not None and generator.model is not None and spent_usd >= budget_usd
            row = attempt.left_out(budget_usd) if is_spent else attempt.make()
            spent_usd += row.metrics.cost_usd or 0.0
        rows.append(row)
        progress(row, len(rows))
    return rows


def _unique_names(prompts: Sequence[Prompt]) -> dict[str, str]:
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for prompt in prompts:
        name = app_name(prompt)
        if name in owners:
            raise InputError(
                f"the prompts {owners[name]!r} and {prompt.id!r} both make the app name {name!r}; change one id"
            )
        owners[name] = prompt.id
        names[prompt.id] = name
    return names


def _kept(
    prompt: Prompt, name: str, cohort: Cohort, store: ArtifactStore, known: GeneratedApp | None
) -> GeneratedApp | None:
    """The row of an app that is already there for this very text, None when it has to be made."""
    uri = _uri(cohort, name)
    try:
        check_tree(store.path(uri))
    except TreeError:
        return None
    row = known if known and known.status == "generated" and known.app_uri == uri else _read_record(store, uri)
    is_same = row is not None and row.cohort == cohort and row.prompt.text == prompt.text and row.app_uri == uri
    return row.model_copy(update={"prompt": prompt}) if row and is_same else None


def _read_record(store: ArtifactStore, uri: str) -> GeneratedApp | None:
    try:
        record = json.loads(store.read_text(f"{uri}/{GENERATION_FILE}"))
        return GeneratedApp.model_validate(record["app"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None


def _started(prompt: Prompt, name: str, cohort: Cohort, generator: Generator) -> GeneratedApp:
    """The row as it is before the attempt."""
    return GeneratedApp(
        cohort=cohort,
        prompt=prompt,
        app_name=name,
        status="generated",
        model=generator.model,
        generator_version=generator.version,
        generation_request_id=_request_id(cohort, prompt, generator),
        started_at=_now(),
    )


class _Attempt:
    """One attempt at one app; every way that it can end is a row, but for what is our own breakage."""

    def __init__(self, row: GeneratedApp, generator: Generator, store: ArtifactStore) -> None:
        self._row = row
        self._generator = generator
        self._store = store
        self._uri = _uri(row.cohort, row.app_name)

    def make(self) -> GeneratedApp:
        """Generates into a scratch folder, then puts the whole tree in its place at once."""
        try:
            with tempfile.TemporaryDirectory(prefix="generate-") as scratch:
                target = Path(scratch) / "app"
                target.mkdir()
                row = self._generate(target)
                if row.status == "generated":
                    _write_record(row, target)
                    self._store.put_tree(target, self._uri)
        except OSError as error:
            reason = error.strerror or str(error)
            raise EvaluatorError(f"the app {self._row.app_name} cannot be written: {reason[:200]}") from error
        if row.status == "failed":
            # An app of an earlier run would otherwise be taken for this one's.
            self._store.delete(self._uri)
        return row

    def left_out(self, budget_usd: float | None) -> GeneratedApp:
        return self._without_app("not_tried", "budget_spent", f"the budget of {budget_usd} USD is spent")

    def _generate(self, target: Path) -> GeneratedApp:
        row = self._row
        request = GenerationRequest(
            cohort=row.cohort, prompt=row.prompt, app_name=row.app_name, request_id=row.generation_request_id
        )
        try:
            record = self._generator.generate(request, target)
            check_tree(target)
        except GenerationError as error:
            status = "failed" if error.was_tried else "not_tried"
            return self._without_app(status, error.code, error.reason, error.metrics)
        except TreeError as error:
            return self._without_app("failed", error.code, str(error).replace(f"{target}: ", ""))
        except (EvaluatorError, InputError):
            raise
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise
            return self._without_app("failed", "generator_crashed", f"{type(error).__name__}: {error.strerror}")
        except Exception as error:
            return self._without_app("failed", "generator_crashed", f"{type(error).__name__}: {error}")
        return row.model_copy(
            update={
                "app_uri": self._uri,
                "trace_id": record.trace_id,
                "metrics": record.metrics,
                "finished_at": _now(),
            }
        )

    def _without_app(
        self, status: str, code: str, reason: str, metrics: GenerationMetrics | None = None
    ) -> GeneratedApp:
        return self._row.model_copy(
            update={
                "status": status,
                "failure_code": code,
                "reason": reason[:_MAX_REASON],
                "metrics": metrics or GenerationMetrics(),
                "finished_at": _now(),
            }
        )


def _write_record(row: GeneratedApp, target: Path) -> None:
    """`.eval/generation.json`: flat facts for people, and the whole row under `app` for running again."""
    facts = {
        "schema_version": GENERATION_SCHEMA_VERSION,
        "prompt_id": row.prompt.id,
        "prompt": row.prompt.text,
        "generator": row.cohort.generator,
        "generator_version": row.generator_version,
        "model": row.model,
        "generation_request_id": row.generation_request_id,
        "trace_id": row.trace_id,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        **row.metrics.model_dump(),
        "app": row.model_dump(mode="json"),
    }
    place = target / GENERATION_FILE
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _uri(cohort: Cohort, name: str) -> str:
    return f"apps/{cohort.folder}/{name}"


def _request_id(cohort: Cohort, prompt: Prompt, generator: Generator) -> str:
    """The same for the same app of the same cohort, so that an attempt can be found again."""
    key = "\0".join((str(cohort), prompt.id, prompt.text, generator.version))
    return f"gen-{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
