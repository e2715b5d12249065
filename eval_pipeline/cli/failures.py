"""What a failed command says and how it exits: one line that a person can act on, secrets masked."""

from __future__ import annotations

import traceback
from pathlib import Path

from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.settings import PROJECT_ROOT, get_settings
from eval_pipeline.storage.trouble import machine_trouble
from eval_pipeline.text import mask, one_line

BAD_INPUT = 2
CANNOT_WORK = 3

_MAX_LINE = 2000


def failure(error: Exception) -> tuple[int, str]:
    """The exit code and what to print; an error that nobody foresaw, so ours, has its traceback before the line."""
    secrets, home = _known()
    if isinstance(error, InputError):
        return BAD_INPUT, mask(f"error: {one_line(str(error), _MAX_LINE)}", secrets)
    said = str(error)
    trouble = None if isinstance(error, EvaluatorError) else machine_trouble(said, home)
    stack = ""
    if trouble is None and isinstance(error, OSError) and error.strerror:
        trouble = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif trouble is None and not isinstance(error, EvaluatorError):
        stack = "".join(traceback.format_exception(error))
        trouble = f"{type(error).__name__}: {said}; a fault of eval-pipeline, please report it with the lines above"
    line = f"error: the evaluator could not work: {one_line(trouble or said, _MAX_LINE)}"
    return CANNOT_WORK, mask(stack + line, secrets)


def _known() -> tuple[tuple[str, ...], Path]:
    try:
        settings = get_settings()
    except InputError:
        return (), PROJECT_ROOT
    return settings.secret_values(), settings.home
