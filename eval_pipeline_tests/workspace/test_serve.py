"""Serving for a person, and what importing the package costs."""

import socket
import subprocess
import sys
import threading
import time

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.workspace import serve


def test_serving_says_where_and_with_what(capsys):
    lines: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=serve, kwargs={"port": 0, "seed": 1, "write": lines.append, "stop": stop})
    thread.start()
    deadline = time.monotonic() + 20
    while len(lines) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(20)
    said = dict(line.split("=", 1) for line in lines)
    assert said["DATABRICKS_HOST"].startswith("http://127.0.0.1:")
    assert said["DATABRICKS_TOKEN"].startswith("dapi")
    assert len(said["DATABRICKS_WAREHOUSE_ID"]) == 16


def test_an_occupied_port_is_named_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is already in use: choose another"):
            serve(port)


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(InputError, match="not a port: 70000"):
        serve(70000)


def test_importing_the_package_loads_no_server_and_no_database():
    heavy = ["duckdb", "sqlglot", "uvicorn", "starlette", "databricks", "trustme"]
    script = (
        "import sys, eval_pipeline.workspace as w; assert w.DATASETS and w.SAMPLE_SCHEMA_VERSION;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_evaluators_process_never_loads_the_database():
    script = (
        "import sys; from eval_pipeline.workspace import LocalWorkspace\n"
        "with LocalWorkspace() as workspace, workspace.open_session('app', seed=1):\n"
        "    print('duckdb' in sys.modules, 'sqlglot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
    assert run.stderr == ""
