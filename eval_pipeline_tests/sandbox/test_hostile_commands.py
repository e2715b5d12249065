"""Programs that try to get out, to look around, or to take everything; each at both levels of containment."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from eval_pipeline.sandbox import Limits, Mount, Sandbox
from eval_pipeline.sandbox import sandbox as sandbox_module
from eval_pipeline_tests.sandbox.conftest import (
    CANARY,
    QUICK,
    processes_with,
    python_command,
    python_mounts,
    run_python,
)


def test_it_sees_no_secret_no_home_and_no_other_app(sandbox: Sandbox, app: Path, tmp_path: Path) -> None:
    other = tmp_path / "other-app"
    other.mkdir()
    (other / "secret.txt").write_text(CANARY)
    (tmp_path / "app" / "link").symlink_to(other / "secret.txt")
    code = f"""
import os
print(dict(os.environ))
secret = {str(other / "secret.txt")!r}
for path in [secret, "link", "/proc/1/environ", "/etc/shadow", "/root", "/srv", "/proc/1/root/etc/shadow"]:
    try:
        print(path, open(path).read() if not os.path.isdir(path) else os.listdir(path))
    except OSError as error:
        print(path, "refused", error.strerror)
for number in os.listdir("/proc"):
    if number.isdigit():
        try: print(open(f"/proc/{{number}}/environ").read())
        except OSError: pass
print(os.getuid(), os.listdir("/home"), sorted(n for n in os.listdir("/proc") if n.isdigit()), os.listdir("/"))
for fd in os.listdir("/proc/self/fd"):
    try: print("descriptor", fd, os.readlink(f"/proc/self/fd/{{fd}}"), os.get_inheritable(int(fd)))
    except OSError: pass
"""
    result, text = run_python(sandbox, app, code)
    assert result.exit_code == 0, text
    assert CANARY not in text
    assert text.count("refused") == 7 - text.count("/proc/1/environ \n")
    assert "/etc/shadow refused" in text
    assert "1000 ['app']" in text
    descriptors = [line.split()[1:3] for line in text.splitlines() if line.startswith("descriptor")]
    assert {what.partition(":")[0] for fd, what in descriptors if fd != "0"} == {"pipe"}
    assert len(descriptors) == 3


def test_it_reaches_no_network(sandbox: Sandbox, app: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        code = f"""
import ctypes, socket
def attempt(name, action):
    try:
        action(); print(name, "REACHED")
    except OSError as error:
        print(name, "refused", error)
tcp = lambda host, port: socket.create_connection((host, port), timeout=2)
attempt("metadata", lambda: tcp("169.254.169.254", 80))
attempt("internet", lambda: tcp("1.1.1.1", 443))
attempt("host", lambda: tcp("127.0.0.1", {port}))
attempt("ipv6", lambda: tcp("2606:4700:4700::1111", 443))
attempt("dns", lambda: socket.getaddrinfo("example.com", 443))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)))
attempt("vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("docker", lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"))
libc = ctypes.CDLL(None, use_errno=True)
print("io_uring", libc.syscall(425, 8, ctypes.create_string_buffer(256)), ctypes.get_errno())
socket.socketpair(); socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
print("local sockets work")
"""
        result, text = run_python(sandbox, app, code)
        with pytest.raises(TimeoutError):
            server.accept()
    assert "REACHED" not in text
    assert text.count(" refused [") == 11
    assert "io_uring -1 38" in text
    assert "local sockets work" in text
    assert result.exit_code == 0


def test_it_reaches_no_abstract_socket_of_the_machine(sandbox: Sandbox, app: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0eval-pipeline-test")
        server.listen()
        _, text = run_python(
            sandbox, app, "import socket; socket.socket(socket.AF_UNIX).connect('\\0eval-pipeline-test')"
        )
    assert "ConnectionRefusedError" in text


def test_it_gains_no_privileges(sandbox: Sandbox, app: Path) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
status = open("/proc/self/status").read().splitlines()
print([line for line in status if line.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"))])
print("unshare", libc.unshare(0x10000000), libc.unshare(0x20000), libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
print("keyctl", libc.syscall(250, 0, -3, 0), "bpf", libc.syscall(321, 0, 0, 0))
for path in ("/x", "/dev/x", "/etc/x", "/usr/x", "/proc/sys/kernel/hostname", "/var/x"):
    try: open(path, "w").write("x"); print(path, "WRITTEN")
    except OSError as error: print(path, "refused", error.strerror)
print(open("/dev/stdout", "w").write("stdout can be opened\\n"))
"""
    result, text = run_python(sandbox, app, code)
    assert result.exit_code == 0, text
    assert "'CapEff:\\t0000000000000000', 'CapBnd:\\t0000000000000000', 'NoNewPrivs:\\t1', 'Seccomp:\\t2'" in text
    assert "unshare -1 -1 -1" in text
    assert "keyctl -1 bpf -1" in text
    assert "WRITTEN" not in text
    assert "stdout can be opened" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a command a user of its own")
def test_under_root_it_runs_as_another_user_of_the_machine(sandbox: Sandbox, app: Path) -> None:
    process = sandbox.start(python_command(app, "import time; time.sleep(60)"), app.parent / "log.txt")
    with process:
        assert process.alive
        status = Path(f"/proc/{process.pid}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids


def test_a_fork_bomb_is_held(sandbox: Sandbox, app: Path) -> None:
    code = """
import os, time
children = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60); os._exit(0)
        children += 1
except BlockingIOError:
    print("held at", children)
time.sleep(0.5)
"""
    began = time.monotonic()
    result, text = run_python(sandbox, app, code)
    assert time.monotonic() - began < 10
    held = int(text.split("held at ")[1].split()[0]) if "held at" in text else 0
    assert 20 < held <= QUICK.processes or result.exit_code is None
    assert not processes_with("program.py")


MEMORY_BOMBS = {
    "one process": "x = []\nwhile True: x.append(bytearray(16 << 20))",
    "many processes": (
        "import os, time\nfor _ in range(12):\n"
        "    if os.fork() == 0: x = b'x' * (100 << 20); time.sleep(30)\ntime.sleep(30)"
    ),
    "memory of no process": (
        "import os\nwhile True:\n    fd = os.memfd_create('x')\n    for _ in range(50): os.write(fd, b'x' * (1 << 20))"
    ),
    "shared mapping": "import mmap\nx = mmap.mmap(-1, 4 << 30)\nwhile True: x.write(b'x' * (4 << 20))",
}


@pytest.mark.parametrize("kind", MEMORY_BOMBS)
def test_a_memory_bomb_is_held(sandbox: Sandbox, app: Path, kind: str) -> None:
    result, text = run_python(sandbox, app, MEMORY_BOMBS[kind])
    assert result.seconds < 10
    assert result.exit_code != 0
    assert result.out_of_memory or "MemoryError" in text or "Function not implemented" in text


def test_one_giant_file_is_refused(sandbox: Sandbox, app: Path) -> None:
    result, text = run_python(sandbox, app, "f = open('big', 'wb')\nwhile True: f.write(b'x' * (1 << 20))")
    assert "File too large" in text or result.exit_code == 128 + 25 or result.disk_exceeded
    assert (app / "big").stat().st_size <= QUICK.disk_mb << 20


def test_many_files_that_fill_the_disk_end_it(sandbox: Sandbox, app: Path) -> None:
    code = """
import itertools
for number in itertools.count():
    with open(f"f{number}", "wb") as file: file.write(b"x" * (4 << 20))
"""
    result, _ = run_python(sandbox, app, code)
    assert result.disk_exceeded
    assert result.exit_code is None
    # The watch looks ten times a second: what is written in between is the overshoot.
    assert sum(path.stat().st_size for path in app.iterdir()) < 40 * QUICK.disk_mb << 20


def test_tmp_home_and_shared_memory_are_bounded(sandbox: Sandbox, app: Path) -> None:
    code = """
for place in ("/tmp/x", "/home/app/x"):
    try:
        with open(place, "wb") as file:
            for _ in range(1000): file.write(b"x" * (1 << 20))
        print("WRITTEN")
    except OSError as error:
        print(error.strerror)
"""
    limits = Limits(memory_mb=512, processes=64, seconds=20, output_mb=0.25, disk_mb=100)
    _, text = run_python(sandbox, app, code, limits)
    assert "WRITTEN" not in text
    assert set(text.splitlines()) <= {"No space left on device", "File too large"}


def test_a_flood_of_small_files_ends_it(sandbox: Sandbox, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "_MAX_FILES", 2000)
    code = """
import itertools, os
for number in itertools.count():
    os.close(os.open(f"f{number}", os.O_CREAT))
"""
    result, _ = run_python(sandbox, app, code)
    assert result.disk_exceeded


def test_endless_output_ends_it_and_the_log_is_bounded(sandbox: Sandbox, app: Path) -> None:
    result, text = run_python(sandbox, app, "import os\nwhile True: os.write(1, b'0123456789abcdef' * 4096)")
    assert result.output_exceeded
    assert result.exit_code is None
    assert len(text) < QUICK.output_mb * 2**20 + 100
    assert "bytes left out" in text


def test_much_output_neither_stalls_nor_loses_head_and_tail(sandbox: Sandbox, app: Path) -> None:
    code = "print('first line')\nfor _ in range(20000): print('x' * 100)\nprint('last line')"
    result, text = run_python(sandbox, app, code)
    assert result.ended_well
    assert text.startswith("first line\n")
    assert text.endswith("last line\n")
    assert "bytes left out" in text


def test_a_daemon_goes_with_the_command(sandbox: Sandbox, app: Path) -> None:
    python, _ = python_mounts()
    code = f"""
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execv({python!r}, [{python!r}, "-c", "import time; time.sleep(1000) # stray-daemon"])
    os._exit(0)
time.sleep(0.3)
print("done")
"""
    result, text = run_python(sandbox, app, code)
    assert (result.exit_code, text) == (0, "done\n")
    assert not processes_with("stray-daemon")


def test_a_command_that_ignores_signals_is_stopped(sandbox: Sandbox, app: Path) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\ntime.sleep(1000)"
    process = sandbox.start(python_command(app, code), app.parent / "log.txt")
    assert process.alive
    time.sleep(0.3)
    began = time.monotonic()
    result = process.stop(0.3)
    assert time.monotonic() - began < 3
    assert result.exit_code is None
    assert not processes_with("program.py")


def test_a_port_is_free_again_after_stop(sandbox: Sandbox, app: Path) -> None:
    code = "import socket, time\ns = socket.create_server(('', 8123))\ntime.sleep(1000)"
    for _ in range(2):
        process = sandbox.start(python_command(app, code, network="app"), app.parent / "log.txt")
        deadline = time.monotonic() + 10
        while 8123 not in process.listening_ports() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.connect(8123, 1).close()
        process.stop(0)
        with pytest.raises(ConnectionRefusedError):
            process.connect(8123, 1)


def test_a_command_that_never_ends_is_ended(sandbox: Sandbox, app: Path) -> None:
    limits = Limits(memory_mb=256, processes=16, seconds=0.5, output_mb=0.1, disk_mb=8)
    result, _ = run_python(sandbox, app, "while True: pass", limits)
    assert result.timed_out
    assert result.exit_code is None
    assert 0.4 < result.seconds < 3
    assert 0.1 < result.cpu_seconds < 3


def test_a_read_only_mount_cannot_be_written(sandbox: Sandbox, app: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(0o777)
    (store / "package.js").write_text("original")
    (store / "package.js").chmod(0o666)
    (store / ".cache").mkdir()
    code = """
import os
for action in (lambda: open("node_modules/package.js", "w"), lambda: os.unlink("node_modules/package.js"),
               lambda: os.rename("node_modules", "gone"), lambda: os.link("node_modules/package.js", "hard"),
               lambda: os.chmod("node_modules/package.js", 0o777)):
    try: action(); print("DONE")
    except OSError as error: print("refused", error.strerror)
open("node_modules/.cache/x", "w").write("tmpfs")
"""
    result, text = run_python(
        sandbox, app, code, mounts=[Mount(store, "/app/node_modules")], tmpfs=["/app/node_modules/.cache"]
    )
    assert result.exit_code == 0, text
    assert "DONE" not in text
    assert (store / "package.js").read_text() == "original"
    assert not list((store / ".cache").iterdir())


def test_one_command_cannot_reach_the_port_of_another(sandbox: Sandbox, app: Path) -> None:
    server = "import socket, time\ns = socket.create_server(('', 8124))\ntime.sleep(1000)"
    with sandbox.start(python_command(app, server, network="app"), app.parent / "server.txt") as process:
        while 8124 not in process.listening_ports():
            time.sleep(0.01)
        _, text = run_python(
            sandbox, app, "import socket; socket.create_connection(('127.0.0.1', 8124), timeout=2)", network="app"
        )
    assert "ConnectionRefusedError" in text


def test_bombs_beside_each_other_do_not_hurt_a_good_command(sandbox: Sandbox, tmp_path: Path) -> None:
    bombs = [MEMORY_BOMBS["one process"], "import os\nwhile True: os.write(1, b'x' * 65536)"]
    threads = []
    for number, code in enumerate(bombs):
        folder = tmp_path / str(number) / "app"
        folder.mkdir(parents=True)
        threads.append(threading.Thread(target=run_python, args=(sandbox, folder, code)))
    for thread in threads:
        thread.start()
    good = tmp_path / "good" / "app"
    good.mkdir(parents=True)
    result, text = run_python(sandbox, good, "print('fine')")
    for thread in threads:
        thread.join()
    assert (result.exit_code, text) == (0, "fine\n")


def test_what_a_command_leaves_can_always_be_removed(any_sandbox: Sandbox, app: Path) -> None:
    from eval_pipeline.sandbox import remove_tree

    code = """
import os
for _ in range(3000):
    os.mkdir("deeper"); os.chdir("deeper")
os.chdir("/app")
os.mkdir("locked"); open("locked/file", "w").close(); os.chmod("locked", 0)
"""
    result, text = run_python(any_sandbox, app, code)
    assert result.exit_code == 0 or result.disk_exceeded, text
    remove_tree(app)
    assert not app.exists()
    with contextlib.suppress(FileNotFoundError):
        remove_tree(app)
