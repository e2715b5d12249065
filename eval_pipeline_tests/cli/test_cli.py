"""The command line as a user meets it: separate processes, exit codes, one clear line of error."""

import subprocess
import sys

import pytest

from eval_pipeline.settings import PROJECT_ROOT, child_environment


def eval_pipeline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eval_pipeline", *arguments],
        capture_output=True,
        text=True,
        env=child_environment(**environment),
        cwd=PROJECT_ROOT,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--date", "tomorrow"], "write YYYY-MM-DD"),
        (["run", "--date", "2026-02-30"], "write YYYY-MM-DD"),
        (["run", "--date", "2999-01-01"], "in the future"),
        (["run", "--date", "2001-01-01"], "EVAL_START_DATE"),
        (["run", "--max-apps", "0"], "--max-apps"),
        (["evaluate", "/no/such/app"], "/no/such/app"),
        (["evaluate"], "DIRECTORIES"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_wrong_input_is_one_clear_error_and_exit_code_2(arguments, says, home):
    done = eval_pipeline(*arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_bad_setting_is_named_with_exit_code_2():
    done = eval_pipeline("run", EVAL_PARALLEL_APPS="many")
    assert done.returncode == 2
    assert "EVAL_PARALLEL_APPS" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_every_command_quickly():
    done = eval_pipeline("--help")
    assert done.returncode == 0
    for command in ("setup", "doctor", "run", "evaluate", "dashboard", "workspace", "demo-archive", "prune"):
        assert command in done.stdout
