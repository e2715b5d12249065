"""The settings of a command that works in the home, once the home is known to be usable."""

from __future__ import annotations

import errno
import tempfile

from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.settings import Settings, get_settings
from eval_pipeline.storage.trouble import machine_trouble

_FULL = (errno.ENOSPC, errno.EDQUOT)


def settings_with_home(*, is_read_only: bool = False) -> Settings:
    """The settings; the home exists and a file could be written in it.

    Args:
        is_read_only: the command writes nothing: the home need not exist.

    Raises:
        InputError: a setting is bad; the home is no folder, or this user may not write there.
        EvaluatorError: the disk of the home is full.
    """
    settings = get_settings()
    home = settings.home
    if home.exists() and not home.is_dir():
        raise InputError(f"EVAL_PIPELINE_HOME: {home} is not a folder; choose one, or a path that does not exist yet")
    if is_read_only:
        return settings
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        if error.errno in _FULL:
            raise EvaluatorError(machine_trouble(str(error), home)) from error
        raise InputError(
            f"EVAL_PIPELINE_HOME: {home} cannot be written ({error.strerror}); choose a folder that this user may write"
        ) from error
    return settings
