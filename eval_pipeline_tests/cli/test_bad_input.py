"""Bad input and bad circumstances: one clear line, the right exit code, no traceback, nothing half written."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from eval_pipeline import settings as settings_module
from eval_pipeline.cli import main
from eval_pipeline.cli.run import execute_job
from eval_pipeline.model import InputError
from eval_pipeline.settings import PROJECT_ROOT, Settings, child_environment, get_settings

PROMPTS = PROJECT_ROOT / "prompts" / "daily_prompts.json"


@pytest.fixture
def command(monkeypatch, capfd, home):
    """Runs `eval-pipeline` in this process; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings_module._load.cache_clear()
        monkeypatch.setattr(sys, "argv", ["eval-pipeline", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return run


def error_line(done: tuple[int, str, str], code: int) -> str:
    """The one line of an error that ended with `code`; progress lines may come before it."""
    assert done[0] == code, done
    assert "Traceback" not in done[2]
    lines = [line for line in done[2].splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done[2]
    assert done[2].splitlines()[-1] == lines[0]
    assert done[1] == ""
    return lines[0]


def write_prompts(path: Path, change) -> Path:
    content = json.loads(PROMPTS.read_text())
    change(content["prompts"])
    path.write_text(json.dumps(content, indent=1))
    return path


def repeat_an_id(prompts):
    prompts[3]["id"] = prompts[0]["id"]


def invent_a_dataset(prompts):
    prompts[2]["datasets"] = ["samples.nyctaxi.bicycles"]


# Prompts and options of a run


def test_a_broken_prompt_set_is_named_with_its_line(command, tmp_path):
    broken = tmp_path / "prompts.json"
    broken.write_text('{\n "version": "1",\n "prompts": [}\n')
    line = error_line(command("run", EVAL_PROMPTS_FILE=str(broken)), 2)
    assert f"{broken} line 3: not JSON" in line


def test_a_step_says_in_its_own_words_what_it_refuses(monkeypatch, tmp_path):
    broken = tmp_path / "prompts.json"
    broken.write_text("{")
    monkeypatch.setenv("EVAL_PROMPTS_FILE", str(broken))
    with pytest.raises(InputError, match=rf"^{re.escape(str(broken))} line 1: not JSON"):
        execute_job("prompts_only", "2026-11-16", {}, {}, get_settings())


@pytest.mark.parametrize(
    ("change", "says"), [(repeat_an_id, "ids must differ"), (invent_a_dataset, "samples.nyctaxi.bicycles")]
)
def test_what_no_prompt_set_may_hold_is_named_with_its_line(change, says, command, tmp_path):
    path = write_prompts(tmp_path / "prompts.json", change)
    line = error_line(command("run", EVAL_PROMPTS_FILE=str(path)), 2)
    assert re.search(rf"{re.escape(str(path))} line \d+: ", line)
    assert says in line


def test_a_prompt_set_that_is_not_there_is_named_with_its_setting(command, tmp_path):
    line = error_line(command("run", EVAL_PROMPTS_FILE=str(tmp_path / "none.json")), 2)
    assert "none.json" in line
    assert "EVAL_PROMPTS_FILE" in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--generators", "oracle"], "known are template, directory"),
        (["--generators", ","], "--generators names nothing"),
        (["--prompt-ids", "no-such-prompt"], "the day has "),
        (["--model", "large", "--max-apps", "1"], "uses no model"),
    ],
)
def test_what_no_generator_can_do_is_said_before_anything_is_made(arguments, says, command, home):
    assert says in error_line(command("run", *arguments), 2)
    assert sorted(path.name for path in home.iterdir()) == ["dependencies", "tools"]


# Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("EVAL_WEIGHTS", '{"build_success": s3cret'), ("EVAL_GENERATORS", ","), ("EVAL_ALERT_MIN_SUCCESS", "7")],
)
def test_a_setting_that_cannot_be_read_is_named_and_its_value_is_not_shown(name, value, command):
    line = error_line(command("prune", "--dry-run", **{name: value}), 2)
    assert name in line
    assert "s3cret" not in line


def test_a_dotenv_file_that_is_no_text_is_a_clear_error(command, monkeypatch, tmp_path):
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))
    (tmp_path / ".env").write_bytes(b"EVAL_REPEATS=\xff\n")
    assert ".env cannot be read" in error_line(command("prune", "--dry-run"), 2)


def test_a_real_warehouse_without_a_host_is_refused_before_apps_are_made(command, home):
    done = command("run", "--max-apps", "1", EVAL_WAREHOUSE="databricks", DATABRICKS_TOKEN="dapi-s3cret")
    line = error_line(done, 2)
    assert "DATABRICKS_HOST" in line
    assert "s3cret" not in line
    assert not (home / "apps").exists()


@pytest.mark.parametrize(("name", "value"), [("EVAL_NODE", "/no/such/node"), ("EVAL_BROWSER", "/bin/false")])
def test_a_tool_that_does_not_work_is_named_with_its_setting(name, value, command, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "package.json").write_text("{}")
    line = error_line(command("evaluate", tmp_path / "app", **{name: value}), 2)
    assert f"{name}: {value}" in line


# The home


@pytest.mark.parametrize("arguments", [["prune", "--dry-run"], ["doctor"], ["dashboard"], ["run"], ["demo-archive"]])
def test_a_home_that_is_a_file_is_a_clear_error_and_stays_as_it_is(arguments, command, tmp_path):
    place = tmp_path / "home"
    place.write_text("mine")
    line = error_line(command(*arguments, EVAL_PIPELINE_HOME=str(place)), 2)
    assert f"EVAL_PIPELINE_HOME: {place} is not a folder" in line
    assert place.read_text() == "mine"


def test_a_corrupt_report_is_named(command, home):
    report = home / "reports" / "evaluation_report_2026-11-01.json"
    report.parent.mkdir()
    report.write_text('{"schema_version": 1, ')
    line = error_line(command("dashboard"), 2)
    assert f"{report}: the report is not JSON" in line
    assert not (home / "site").exists()


def test_a_corrupt_table_is_named_and_left_alone(command, home):
    log = home / "tables" / "metrics_timeseries" / "_delta_log" / "00000000000000000000.json"
    log.parent.mkdir(parents=True)
    log.write_text("not a log\n")
    line = error_line(command("dashboard"), 3)
    assert "table metrics_timeseries cannot be read" in line
    assert log.read_text() == "not a log\n"


def test_a_dry_run_of_prune_with_nothing_there_says_so_and_writes_nothing(command, tmp_path):
    code, out, err = command("prune", "--dry-run", EVAL_PIPELINE_HOME=str(tmp_path / "none"))
    assert (code, err) == (0, "")
    assert "nothing to remove" in out
    assert not (tmp_path / "none").exists()


# App directories


def make_app(folder: Path, manifest: str = '{"name": "x"}') -> Path:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(manifest)
    return folder


def empty(folder: Path) -> list[Path]:
    folder.mkdir()
    return [folder]


def missing(folder: Path) -> list[Path]:
    return [folder]


def a_file(folder: Path) -> list[Path]:
    folder.write_text("x")
    return [folder]


def link_out(folder: Path) -> list[Path]:
    (make_app(folder) / "secrets").symlink_to("/etc/passwd")
    return [folder]


def name_not_utf8(folder: Path) -> list[Path]:
    Path(os.fsdecode(os.fsencode(make_app(folder)) + b"/caf\xe9.js")).write_text("x")
    return [folder]


def own_name_not_utf8(folder: Path) -> list[Path]:
    return [make_app(Path(os.fsdecode(os.fsencode(folder) + b"\xe9")))]


def ten_gigabytes(folder: Path) -> list[Path]:
    with (make_app(folder) / "dump").open("wb") as file:
        file.truncate(10 * 1024**3)
    return [folder]


def same_name_twice(folder: Path) -> list[Path]:
    return [make_app(folder / "a" / "twin"), make_app(folder / "b" / "twin")]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (empty, "holds no files"),
        (missing, "no such folder"),
        (a_file, "is not a folder"),
        (link_out, "the link secrets leads out of the folder"),
        (name_not_utf8, r"b'caf\xe9.js'"),
        (own_name_not_utf8, r"b'app\xe9'"),
        (ten_gigabytes, "dump has 10,240 MB"),
        (same_name_twice, "two directories are called 'twin'"),
    ],
)
def test_what_is_no_app_directory_is_a_clear_error(make, says, command, home, tmp_path):
    line = error_line(command("evaluate", *make(tmp_path / "app")), 2)
    assert says in line
    assert not (home / "evidence").exists()


def test_invalid_package_json_is_a_verdict_on_the_app_and_json_is_alone_on_standard_output(command, tmp_path):
    code, out, err = command("evaluate", make_app(tmp_path / "app", '{"name": '), "--format", "json")
    assert code == 0, err
    app = json.loads(out)["apps"][0]
    assert app["outcomes"]["build_success"]["failure_code"] == "invalid_package_json"
    assert "Traceback" not in err


def test_a_folder_is_called_by_its_own_name_from_within(command, monkeypatch, tmp_path):
    make_app(tmp_path / "my-app" / "server", "{")
    monkeypatch.chdir(tmp_path / "my-app" / "server")
    code, out, err = command("evaluate", "..", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["apps"][0]["app_name"] == "my-app"


@pytest.mark.parametrize("place", ["/proc/none/report.json", "folder", "file/report.json"])
def test_an_output_that_cannot_be_written_is_said_before_the_work(place, command, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    line = error_line(command("evaluate", make_app(tmp_path / "app", "{"), "--output", tmp_path / place), 2)
    assert "--output" in line
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []


def test_an_output_that_is_a_device_stays_one(command, tmp_path):
    assert command("evaluate", make_app(tmp_path / "app", "{"), "--output", "/dev/null")[0] == 0
    assert Path("/dev/null").is_char_device()


def test_without_a_sandbox_a_foreign_app_is_not_run_and_the_way_to_allow_it_is_said(command, tmp_path, home):
    (home / "tools").unlink()
    done = command("evaluate", make_app(tmp_path / "app"), "--format", "json", PATH="/nonexistent")
    report = json.loads(done[1])
    assert (done[0], report["evaluator"]["isolation"]) == (0, "L0")
    for result in report["apps"][0]["outcomes"].values():
        assert result["outcome"] == "unknown"
        assert "bubblewrap was not found" in result["reason"]
        assert "--allow-unsandboxed" in result["reason"]


# Ports


@pytest.mark.parametrize(
    "arguments", [["dashboard", "--serve"], ["workspace", "serve", "--port"], ["dev", "--port"]], ids=lambda a: a[0]
)
def test_a_port_that_is_taken_is_a_clear_error(arguments, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = error_line(command(*arguments, str(port)), 2)
    assert str(port) in line
    assert arguments[-1] in line


# Faults of ours


def test_what_nobody_foresaw_is_exit_code_3_with_secrets_masked(command, monkeypatch):
    from eval_pipeline.publishing import day

    def broken(*_: object) -> None:
        raise KeyError("hunter2-hunter2")

    monkeypatch.setattr(day, "build_dashboard", broken)
    code, out, err = command("dashboard", DATABRICKS_TOKEN="hunter2-hunter2")
    assert (code, out) == (3, "")
    assert err.splitlines()[-1].startswith("error: the evaluator could not work: KeyError")
    assert "hunter2" not in err


# Disks


def on_a_disk_of(size: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Runs a command whose home is a file system of its own: of that size, or read-only."""
    folder.mkdir()
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("needs user namespaces")
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
    program = [sys.executable, "-m", "eval_pipeline", *arguments]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", size, str(folder), *program],
        capture_output=True,
        text=True,
        env=child_environment(EVAL_PIPELINE_HOME=str(folder)),
        cwd=PROJECT_ROOT,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("size", "arguments"),
    [
        ("64k", ["run", "--max-apps", "1"]),
        ("600k", ["run", "--max-apps", "1"]),
        ("400k", ["demo-archive"]),
    ],
    ids=["before the run", "within the run", "within the archive"],
)
def test_a_full_disk_is_one_clear_line(size, arguments, tmp_path):
    line = error_line(on_a_disk_of(f"size={size}", tmp_path / "disk", *arguments), 3)
    assert "the disk is full" in line
    assert "what is done is kept" in line


def test_a_read_only_home_is_one_clear_line(tmp_path):
    line = error_line(on_a_disk_of("ro", tmp_path / "disk", "run", "--max-apps", "1"), 2)
    assert "EVAL_PIPELINE_HOME" in line
    assert "Read-only file system" in line
