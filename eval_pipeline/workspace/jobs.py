"""The Jobs API 2.2: jobs and their runs, submitted runs, their state and output."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eval_pipeline.workspace.api_errors import ApiError, invalid
from eval_pipeline.workspace.compute import operator
from eval_pipeline.workspace.job_runs import Run, Task
from eval_pipeline.workspace.requests import read_json

MAX_TASKS = 100


async def create(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    body = await read_json(request)
    _tasks(body)
    job_id = runs.number()
    runs.jobs[job_id] = body
    return JSONResponse({"job_id": job_id})


async def get(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    job_id = _number(request.query_params.get("job_id"))
    return JSONResponse(_describe_job(job_id, _job(runs.jobs, job_id)))


async def list_jobs(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    name = request.query_params.get("name")
    found = [_describe_job(i, job) for i, job in runs.jobs.items() if name in (None, job.get("name"))]
    return JSONResponse({"jobs": found, "has_more": False})


async def delete(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    job_id = _number((await read_json(request)).get("job_id"))
    _job(runs.jobs, job_id)
    del runs.jobs[job_id]
    return JSONResponse({})


async def run_now(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    body = await read_json(request)
    job_id = _number(body.get("job_id"))
    job = _job(runs.jobs, job_id)
    given = body.get("python_params")
    if given is not None and not isinstance(given, list):
        raise invalid("python_params must be a list of strings.")
    tasks = [_with_parameters(task, given) for task in _tasks(job)]
    run = runs.start(str(job.get("name") or "Untitled"), tasks, job_id)
    return JSONResponse({"run_id": run.run_id, "number_in_job": run.run_id})


async def submit(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    body = await read_json(request)
    run = runs.start(str(body.get("run_name") or "Untitled"), _tasks(body))
    return JSONResponse({"run_id": run.run_id})


async def get_run(request: Request) -> JSONResponse:
    return JSONResponse(_describe_run(request, _run(request, request.query_params.get("run_id"))))


async def get_output(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    number = _number(request.query_params.get("run_id"))
    task = runs.task(number)
    if task is None:
        run = _run(request, str(number))
        if len(run.tasks) > 1:
            raise invalid("Retrieving the output of runs with multiple tasks is not supported; use the task's run id.")
        task = run.tasks[0]
    answer: dict[str, Any] = {"logs": task.log, "logs_truncated": False, "metadata": _describe_task(task)}
    if task.message:
        answer["error"] = task.message
    return JSONResponse(answer)


async def cancel(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    run = _run(request, (await read_json(request)).get("run_id"))
    await asyncio.to_thread(runs.cancel, run)
    return JSONResponse({})


async def list_runs(request: Request) -> JSONResponse:
    _, _, runs = operator(request)
    wanted = request.query_params.get("job_id")
    found = [run for run in reversed(runs.runs.values()) if wanted is None or str(run.job_id) == wanted]
    if request.query_params.get("active_only") == "true":
        found = [run for run in found if not run.ended]
    return JSONResponse({"runs": [_describe_run(request, run) for run in found[:100]], "has_more": False})


def _tasks(body: dict[str, Any]) -> list[dict[str, Any]]:
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not 0 < len(tasks) <= MAX_TASKS:
        raise invalid(f"tasks must be a list of 1 to {MAX_TASKS} tasks.")
    keys = [task.get("task_key") if isinstance(task, dict) else None for task in tasks]
    if not all(isinstance(key, str) and key for key in keys) or len(set(keys)) < len(keys):
        raise invalid("every task needs a task_key of its own.")
    return tasks


def _with_parameters(task: dict[str, Any], parameters: list[Any] | None) -> dict[str, Any]:
    kind = next((name for name in ("spark_python_task", "python_wheel_task") if name in task), None)
    if parameters is None or kind is None:
        return task
    return {**task, kind: {**task[kind], "parameters": parameters}}


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"not an id: {str(value)[:40]}") from error


def _job(jobs: dict[int, dict[str, Any]], job_id: int) -> dict[str, Any]:
    if job_id not in jobs:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Job {job_id} does not exist.")
    return jobs[job_id]


def _run(request: Request, number: Any) -> Run:
    _, _, runs = operator(request)
    run = runs.runs.get(_number(number))
    if run is None:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Run {str(number)[:40]} does not exist.")
    return run


def _describe_job(job_id: int, job: dict[str, Any]) -> dict[str, Any]:
    return {"job_id": job_id, "settings": job, "creator_user_name": "admin@example.com"}


def _describe_run(request: Request, run: Run) -> dict[str, Any]:
    origin = f"{request.url.scheme}://{request.headers.get('host', 'localhost')[:300]}"
    return {
        "run_id": run.run_id,
        "job_id": run.job_id or run.run_id,
        "run_name": run.name,
        "run_type": "JOB_RUN" if run.job_id else "SUBMIT_RUN",
        "number_in_job": run.run_id,
        "state": _state(run.state, run.result, run.message),
        "start_time": int(run.started * 1000),
        "end_time": int(run.ended * 1000),
        "run_page_url": f"{origin}/#job/{run.job_id or run.run_id}/run/{run.run_id}",
        "tasks": [_describe_task(task) for task in run.tasks],
    }


def _describe_task(task: Task) -> dict[str, Any]:
    return {
        "run_id": task.run_id,
        "task_key": task.key,
        "attempt_number": 0,
        "depends_on": task.given.get("depends_on") or [],
        "state": _state(task.state, task.result, task.message),
        "start_time": int(task.started * 1000),
        "end_time": int(task.ended * 1000),
    }


def _state(state: str, result: str | None, message: str) -> dict[str, Any]:
    described = {"life_cycle_state": state, "state_message": message, "user_cancelled_or_timedout": False}
    return described | ({"result_state": result} if result else {})


_PATH = "/api/2.2/jobs"
ROUTES = (
    Route(f"{_PATH}/create", create, methods=["POST"]),
    Route(f"{_PATH}/get", get),
    Route(f"{_PATH}/list", list_jobs),
    Route(f"{_PATH}/delete", delete, methods=["POST"]),
    Route(f"{_PATH}/run-now", run_now, methods=["POST"]),
    Route(f"{_PATH}/runs/submit", submit, methods=["POST"]),
    Route(f"{_PATH}/runs/get", get_run),
    Route(f"{_PATH}/runs/get-output", get_output),
    Route(f"{_PATH}/runs/cancel", cancel, methods=["POST"]),
    Route(f"{_PATH}/runs/list", list_runs),
)
