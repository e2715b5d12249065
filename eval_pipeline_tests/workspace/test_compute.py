"""Volumes and jobs of the local workspace, through databricks-sdk; and that apps cannot reach them."""

import contextlib
import io
import re
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service import jobs

from eval_pipeline.workspace import Compute, LocalWorkspace
from eval_pipeline_tests.workspace.conftest import Client


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("volumes")
    with LocalWorkspace(compute=Compute(folder, {"GREETING": "hello"}, timeout_seconds=30)) as workspace:
        yield workspace, folder


@pytest.fixture
def operator(place):
    workspace, _ = place
    with workspace.open_session("operator", seed=1, is_operator=True) as session:
        yield sdk(workspace, session.token)


def sdk(workspace, token):
    config = Config(host=workspace.http_url, token=token, retry_timeout_seconds=10, http_timeout_seconds=10)
    return WorkspaceClient(config=config)


def python_task(path, *words, key="main", **more):
    return jobs.SubmitTask(
        task_key=key, spark_python_task=jobs.SparkPythonTask(python_file=str(path), parameters=list(words)), **more
    )


def finished(client, run_id):
    return client.jobs.wait_get_run_job_terminated_or_skipped(run_id, timeout=timedelta(seconds=30))


def output(client, run, key="main"):
    return client.jobs.get_run_output(next(t.run_id for t in run.tasks if t.task_key == key)).logs


def test_files_come_back_as_they_were_put(place, operator):
    _, folder = place
    path = f"{folder}/a/b.bin"
    operator.files.create_directory(f"{folder}/a")
    operator.files.upload(path, io.BytesIO(b"\0one"), overwrite=True)
    assert operator.files.download(path).contents.read() == b"\0one"
    assert operator.files.get_metadata(path).content_length == 4
    assert [(e.name, e.is_directory) for e in operator.files.list_directory_contents(str(folder))] == [("a", True)]
    with pytest.raises(Exception, match="exists"):
        operator.files.upload(path, io.BytesIO(b"two"), overwrite=False)
    with pytest.raises(BadRequest):
        operator.files.delete_directory(f"{folder}/a")
    operator.files.delete(path)
    operator.files.delete_directory(f"{folder}/a")
    with pytest.raises(NotFound):
        operator.files.download(path)


def test_nothing_outside_the_folder_is_served(place, operator, tmp_path):
    _, folder = place
    (tmp_path / "secret").write_text("no")
    (folder / "link").symlink_to(tmp_path)
    for path in (f"{tmp_path}/secret", f"{folder}/link/secret", f"{folder}/../secret", "/etc/passwd"):
        with pytest.raises((NotFound, BadRequest)):
            operator.files.download(path)
        with pytest.raises((NotFound, BadRequest)):
            operator.files.upload(path, io.BytesIO(b"yes"), overwrite=True)
    assert (tmp_path / "secret").read_text() == "no"
    (folder / "link").unlink()


def test_a_submitted_python_file_runs_with_its_words_and_a_bare_environment(place, operator, tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-key")
    script = tmp_path / "task.py"
    script.write_text("import os, sys; print(sys.argv[1:], dict(os.environ))")
    run = finished(operator, operator.jobs.submit(run_name="one", tasks=[python_task(script, "x", "y")]).run_id)
    assert run.state.result_state == jobs.RunResultState.SUCCESS
    text = output(operator, run)
    assert text.startswith("['x', 'y']")
    assert "'GREETING': 'hello'" in text
    assert "canary-key" not in text


def test_a_failing_task_fails_the_run_and_stops_what_depends_on_it(operator, tmp_path):
    script = tmp_path / "task.py"
    script.write_text("import sys; print('about to fail'); sys.exit(3)")
    after = python_task(script, key="after", depends_on=[jobs.TaskDependency(task_key="main")])
    run = finished(operator, operator.jobs.submit(tasks=[after, python_task(script)]).run_id)
    assert run.state.result_state == jobs.RunResultState.FAILED
    assert "exit code 3" in run.state.state_message
    assert "about to fail" in output(operator, run)
    results = {task.task_key: task.state.result_state for task in run.tasks}
    assert results == {"main": jobs.RunResultState.FAILED, "after": jobs.RunResultState.UPSTREAM_FAILED}


def test_a_cancelled_run_leaves_no_process(operator, tmp_path):
    script = tmp_path / "task.py"
    pid_file = tmp_path / "pid"
    script.write_text(
        "import subprocess, time, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    run_id = operator.jobs.submit(tasks=[python_task(script)]).run_id
    while not pid_file.exists() or not pid_file.read_text():
        time.sleep(0.02)
    operator.jobs.cancel_run(run_id)
    run = finished(operator, run_id)
    assert run.state.result_state == jobs.RunResultState.CANCELED
    status = Path(f"/proc/{pid_file.read_text()}/stat")
    deadline = time.monotonic() + 5
    with contextlib.suppress(FileNotFoundError):
        # Gone, or dead and not yet taken note of by whoever is its parent now.
        while status.read_text().split()[2] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_job_is_kept_listed_and_run(operator, tmp_path):
    script = tmp_path / "task.py"
    script.write_text("import sys; print('run with', sys.argv[1:])")
    task = jobs.Task(
        task_key="main", spark_python_task=jobs.SparkPythonTask(python_file=str(script), parameters=["default"])
    )
    job_id = operator.jobs.create(name="nightly", tasks=[task]).job_id
    assert operator.jobs.get(job_id).settings.name == "nightly"
    assert [job.job_id for job in operator.jobs.list(name="nightly")] == [job_id]
    run = operator.jobs.run_now(job_id, python_params=["given"]).result(timedelta(seconds=30))
    assert "run with ['given']" in output(operator, run)
    assert [r.run_id for r in operator.jobs.list_runs(job_id=job_id)] == [run.run_id]
    operator.jobs.delete(job_id)
    # A 400 on the wire; the SDK reads the message.
    with pytest.raises((BadRequest, NotFound)):
        operator.jobs.get(job_id)


def test_an_entry_point_of_a_package_is_a_task(operator):
    wheel = jobs.PythonWheelTask(package_name="eval-pipeline", entry_point="eval-pipeline", parameters=["--help"])
    run_id = operator.jobs.submit(tasks=[jobs.SubmitTask(task_key="main", python_wheel_task=wheel)]).run_id
    run = finished(operator, run_id)
    assert run.state.result_state == jobs.RunResultState.SUCCESS, output(operator, run)
    assert "evaluate" in output(operator, run)


def test_an_app_can_use_neither_jobs_nor_volumes(place, tmp_path):
    workspace, folder = place
    (folder / "secret").write_text("no")
    with workspace.open_session("an-app", seed=1) as app:
        client = sdk(workspace, app.token)
        for attempt in (
            lambda: client.jobs.submit(tasks=[python_task("/nowhere")]),
            lambda: client.files.download(f"{folder}/secret"),
            lambda: client.files.upload(f"{folder}/x", io.BytesIO(b"x"), overwrite=True),
            lambda: list(client.jobs.list()),
        ):
            with pytest.raises(PermissionDenied):
                attempt()
    (folder / "secret").unlink()


def test_an_operators_token_opens_nothing_on_an_apps_own_socket(place, tmp_path):
    """Should such a token ever leak into a sandbox, the way out of the sandbox still does not lead to jobs."""
    workspace, _ = place
    with workspace.open_session("operator", seed=1, is_operator=True) as session:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        session.serve(sock)
        (tmp_path / "ca.pem").write_bytes(workspace.ca_pem)
        answer = requests.get(
            f"https://127.0.0.1:{port}/api/2.2/jobs/list",
            headers={"Authorization": f"Bearer {session.token}"},
            verify=str(tmp_path / "ca.pem"),
            timeout=10,
        )
        assert answer.status_code == 403


def test_a_workspace_without_compute_has_no_such_routes(workspace, session):
    status, answer = Client(workspace.http_url, session).send("GET", "/api/2.2/jobs/list")
    assert (status, answer["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_these_are_the_requests_that_the_sdk_sends(place, operator, tmp_path, monkeypatch):
    _, folder = place
    sent = set()
    real = requests.Session.send

    def send(self, request, **options):
        path = re.sub(r"/fs/(\w+)/.*", r"/fs/\1/PATH", request.path_url.split("?")[0])
        sent.add((request.method, path))
        return real(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", send)
    script = tmp_path / "task.py"
    script.write_text("print(1)")
    run = finished(operator, operator.jobs.submit(tasks=[python_task(script)]).run_id)
    output(operator, run)
    operator.jobs.cancel_run(run.run_id)
    path = f"{folder}/file"
    operator.files.upload(path, io.BytesIO(b"x"), overwrite=True)
    operator.files.download(path).contents.read()
    operator.files.get_metadata(path)
    operator.files.delete(path)
    operator.files.create_directory(f"{folder}/d")
    operator.files.get_directory_metadata(f"{folder}/d")
    list(operator.files.list_directory_contents(str(folder)))
    operator.files.delete_directory(f"{folder}/d")
    assert sent == {
        ("POST", "/api/2.2/jobs/runs/submit"),
        ("GET", "/api/2.2/jobs/runs/get"),
        ("GET", "/api/2.2/jobs/runs/get-output"),
        ("POST", "/api/2.2/jobs/runs/cancel"),
        ("PUT", "/api/2.0/fs/files/PATH"),
        ("GET", "/api/2.0/fs/files/PATH"),
        ("HEAD", "/api/2.0/fs/files/PATH"),
        ("DELETE", "/api/2.0/fs/files/PATH"),
        # Not served: the SDK then asks for the file itself.
        ("POST", "/api/2.0/fs/create-download-url"),
        ("PUT", "/api/2.0/fs/directories/PATH"),
        ("HEAD", "/api/2.0/fs/directories/PATH"),
        ("GET", "/api/2.0/fs/directories/PATH"),
        ("DELETE", "/api/2.0/fs/directories/PATH"),
    }
