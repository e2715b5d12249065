"""A run that never ends, in a process of its own for tests to kill: it holds a slot of the pool `sandbox`."""

import time

import dagster as dg

from eval_pipeline.dagster_instance import open_instance
from eval_pipeline.resources.home import Home
from eval_pipeline.settings import get_settings


@dg.op(pool="sandbox")
def hang(home: Home) -> None:
    print("hanging", flush=True)
    time.sleep(600)


@dg.job(executor_def=dg.in_process_executor)
def hanging():
    hang()


if __name__ == "__main__":
    with open_instance(get_settings()) as instance:
        hanging.execute_in_process(
            instance=instance,
            resources={"home": Home()},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
