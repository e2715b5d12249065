"""What callers of the sandbox rely on: order, sockets, results, errors of our own, and nothing left behind."""

from __future__ import annotations

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, Limits, Mount, Sandbox, read_result
from eval_pipeline.sandbox.launcher import seccomp
from eval_pipeline.settings import Settings, child_environment
from eval_pipeline_tests.sandbox.conftest import (
    QUICK,
    processes_with,
    python_command,
    python_mounts,
    run_python,
)

TRUE = Command(["true"], cwd="/", limits=QUICK)


def test_a_held_command_finds_its_endpoint_listening(sandbox: Sandbox, app: Path) -> None:
    code = """
import socket
connection = socket.create_connection(("warehouse.example", 443), timeout=5)
connection.sendall(b"hello")
print(connection.recv(10))
"""
    log = app.parent / "log.txt"
    command = python_command(app, code, network="app", hosts={"warehouse.example": "127.0.0.1"})
    with sandbox.start(command, log) as process:
        with process.listen(443) as listener:
            assert log.read_text() == ""
            listener.settimeout(10)
            assert process.alive
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                assert connection.recv(10) == b"hello"
                connection.sendall(b"rows")
        result = process.wait(10)
    assert result is not None
    assert (result.exit_code, log.read_text()) == (0, "b'rows'\n")


def test_ports_states_and_cpu_of_a_running_command_can_be_asked(sandbox: Sandbox, app: Path) -> None:
    code = """
import socket
server = socket.create_server(("127.0.0.1", 8200))
while True:
    connection, _ = server.accept()
    if connection.recv(4) == b"exit": raise SystemExit(7)
    connection.sendall(b"pong"); connection.close()
"""
    with sandbox.start(python_command(app, code, network="app"), app.parent / "log.txt") as process:
        deadline = time.monotonic() + 10
        while process.listening_ports() != {8200} and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.listening_ports() == {8200}
        with pytest.raises(ConnectionRefusedError):
            process.connect(8201, 1)
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            assert set(threads.map(lambda _: ask(process, b"ping"), range(40))) == {b"pong"}
        assert process.exit_code is None
        assert process.cpu_seconds > 0
        ask(process, b"exit")
        assert process.wait(10) is not None
        assert (process.alive, process.exit_code, process.listening_ports()) == (False, 7, set())


def ask(process, message: bytes) -> bytes:
    with process.connect(8200, 5) as connection:
        connection.sendall(message)
        return connection.recv(4)


def test_threads_run_commands_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    def one(number: int) -> tuple[int | None, str]:
        log = tmp_path / f"{number}.log"
        result = sandbox.run(Command(["sh", "-c", f"echo {number}; exit {number}"], cwd="/", limits=QUICK), log)
        return result.exit_code, log.read_text()

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(24))) == [(n, f"{n}\n") for n in range(24)]


def test_exit_codes_and_signals_are_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    def code_of(script: str) -> int | None:
        return sandbox.run(Command(["sh", "-c", script], cwd="/", limits=QUICK), tmp_path / "log").exit_code

    assert code_of("exit 3") == 3
    assert code_of("kill -9 $$") == 137
    assert code_of("no-such-program") == 127


def test_a_program_that_is_not_there_is_the_apps_failure(sandbox: Sandbox, tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = sandbox.run(Command(["/no/such/program"], cwd="/", limits=QUICK), log)
    assert result.exit_code == 127
    assert "No such file" in log.read_text()


def test_a_work_copy_is_kept_between_commands_and_ours_to_read(sandbox: Sandbox, app: Path) -> None:
    run_python(sandbox, app, "import os; os.makedirs('dist'); open('dist/out.txt', 'w').write('built')")
    result, text = run_python(sandbox, app, "print(open('dist/out.txt').read())")
    assert (result.exit_code, text) == (0, "built\n")
    assert read_result("dist/out.txt", app, 100) == b"built"


def test_a_set_up_that_fails_is_our_failure(sandbox: Sandbox, tmp_path: Path) -> None:
    command = Command(["true"], cwd="/", mounts=[Mount(tmp_path / "absent", "/x")], limits=QUICK)
    with pytest.raises(EvaluatorError, match="absent"):
        sandbox.run(command, tmp_path / "log")
    with pytest.raises(EvaluatorError, match="absent"):
        sandbox.start(command, tmp_path / "log")
    assert sandbox.run(TRUE, tmp_path / "log").ended_well


def test_a_full_disk_is_our_failure_and_says_so(any_sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError, match=r"No space left on device|MB are free"):
        any_sandbox.run(Command(["echo", "hello"], cwd="/", limits=QUICK), Path("/dev/full"))
    greedy = Limits(disk_mb=10**9)
    with pytest.raises(EvaluatorError, match="MB are free on the disk"):
        any_sandbox.run(Command(["true"], cwd="/", limits=greedy), tmp_path / "log")


def test_a_log_is_never_written_through_a_link(any_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EvaluatorError):
        any_sandbox.run(TRUE, tmp_path / "log")
    assert not (tmp_path / "elsewhere").exists()


def test_a_closed_sandbox_says_so_and_leaves_nothing(settings: Settings, tmp_path: Path, app: Path) -> None:
    sandbox = Sandbox.probe(settings, tmp_path)
    record = json.loads((settings.home / "sandboxes" / f"{sandbox.folder.name}.json").read_text())
    with pytest.raises(EvaluatorError):
        sandbox.run(Command(["true"], mounts=[Mount(tmp_path / "absent", "/app")], limits=QUICK), tmp_path / "log")
    process = sandbox.start(Command(["sleep", "1018"], cwd="/", limits=QUICK), tmp_path / "log")
    assert process.alive
    sandbox.close()
    assert not sandbox.folder.exists()
    assert not processes_with("1018")
    assert not [group for group in record["groups"] if Path(group).exists()]
    with pytest.raises(EvaluatorError, match="closed"):
        sandbox.run(TRUE, tmp_path / "log")
    assert process.stop(0).exit_code is None


def test_the_lowest_level_runs_with_paths_mapped(settings: Settings, app: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "x.txt").write_text("from the store")
    with Sandbox.probe(settings, tmp_path, at_most="L0") as sandbox:
        assert (sandbox.level, sandbox.is_isolated) == ("L0", False)
        assert sandbox.describe().startswith("none")
        log = tmp_path / "log"
        command = Command(
            ["sh", "-c", "cat node_modules/x.txt; echo; cat $AT/node_modules/x.txt; echo; echo $0", "/app/script"],
            env={"AT": "/app"},
            mounts=[Mount(app, "/app", writable=True), Mount(store, "/app/node_modules")],
            limits=QUICK,
        )
        assert sandbox.run(command, log).ended_well
        assert log.read_text().splitlines() == ["from the store", "from the store", str(app / "script")]
        stray = Command(["sh", "-c", "setsid sleep 1017 & setsid sleep 1017"], cwd="/", limits=Limits(seconds=0.5))
        assert sandbox.run(stray, log).timed_out
        assert not processes_with("1017")


def test_without_bubblewrap_the_level_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox.probe(Settings(pipeline_home=tmp_path / "home"), tmp_path) as sandbox:
        assert sandbox.level == "L0"
        assert "install the package `bubblewrap`" in sandbox.describe()


def test_the_filter_is_known_for_the_two_architectures() -> None:
    for machine in ("x86_64", "aarch64"):
        program = seccomp.program(machine)
        assert program is not None
        assert len(program) % 8 == 0
    assert seccomp.program("riscv64") is None


KILLED = """
import sys, time
from pathlib import Path
from eval_pipeline.sandbox import Command, Limits, Mount, Sandbox
from eval_pipeline.settings import Settings

home, app, python = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
mounts = [Mount(app, "/app", writable=True), *(Mount(Path(p), "/opt/python") for p in sys.argv[4:])]
sandbox = Sandbox.probe(Settings(pipeline_home=home), home / "scratch")
command = Command([python, "-S", "program.py", "orphan-of-a-killed-evaluator"], mounts=mounts, network="app")
process = sandbox.start(command, home / "log")
while 8300 not in process.listening_ports():
    time.sleep(0.01)
print(sandbox._launcher.pid, sandbox._name, flush=True)
time.sleep(1000)
"""

ORPHAN = """
import os, signal, socket, time
server = socket.create_server(("", 8300))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
time.sleep(1000)
"""


@pytest.mark.parametrize("launcher_too", [False, True])
def test_nothing_outlives_a_killed_evaluator(
    any_sandbox: Sandbox, tmp_path: Path, app: Path, launcher_too: bool
) -> None:
    (app / "program.py").write_text(ORPHAN)
    home = tmp_path / "home"
    home.mkdir()
    python, mounts = python_mounts()
    evaluator = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), home, app, python, *(m.source for m in mounts)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(PYTHONPATH=str(Path(__file__).parents[2])),
    )
    assert evaluator.stdout is not None
    launcher, name = evaluator.stdout.readline().split()
    assert len(processes_with("orphan-of-a-killed-evaluator")) >= 2
    record = json.loads((home / "sandboxes" / f"{name}.json").read_text())
    if launcher_too:
        # Stopped first, so that it cannot clean up in between.
        os.kill(int(launcher), signal.SIGSTOP)
    evaluator.kill()
    evaluator.wait()
    evaluator.stdout.close()
    if launcher_too:
        os.kill(int(launcher), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (
        processes_with("orphan-of-a-killed-evaluator") or (not launcher_too and list((home / "scratch").iterdir()))
    ):
        time.sleep(0.05)
    assert not processes_with("orphan-of-a-killed-evaluator")
    if launcher_too:
        Sandbox.probe(Settings(pipeline_home=home), home / "scratch").close()
    time.sleep(0.1)
    assert not list((home / "scratch").iterdir())
    assert not list((home / "sandboxes").iterdir())
    assert not any(Path(group).exists() for group in record["groups"])
    assert not record["staging"] or not Path(record["staging"]).exists()


def test_the_janitor_leaves_the_living_alone(any_sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    Sandbox.probe(settings, tmp_path).close()
    assert any_sandbox.run(TRUE, tmp_path / "log").ended_well


def test_hostile_result_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "app"
    (root / "real").mkdir(parents=True)
    (root / "real" / "good.json").write_text("{}")
    (root / "link.json").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.json")
    with (root / "sparse.json").open("wb") as file:
        file.truncate(10 << 30)
    assert read_result("real/good.json", root, 100) == b"{}"
    began = time.monotonic()
    for path in (
        "link.json", "folder/secret", "pipe.json", "sparse.json", "../secret", "real/../../secret", "real", "absent",
        "/etc/passwd", "", "real/good.json/x",
    ):  # fmt: skip
        assert read_result(path, root, 100) is None, path
    assert read_result("real/good.json", root, 1) is None
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("is_held", [True, False])
def test_a_command_whose_asker_goes_while_it_is_set_up_ends_too(
    sandbox: Sandbox, app: Path, tmp_path: Path, is_held: bool
) -> None:
    # bubblewrap and its child talk to each other first; one of them killed then left the other waiting for ever.
    command = Command(["sleep", "1000"], mounts=[Mount(app, "/app", writable=True)], network="app")
    draw = random.Random(5)
    for number in range(60):
        channel = sandbox._spawn(command, tmp_path / f"log-{number}", is_held)
        time.sleep(draw.uniform(0, 0.02))
        channel.close()
    launcher = Path(f"/proc/{sandbox._launcher.pid}/task/{sandbox._launcher.pid}/children")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and launcher.read_text().strip():
        time.sleep(0.05)
    assert launcher.read_text().strip() == ""
