"""Runs untrusted commands; nothing here knows what an app or a metric is.

See docs/SECURITY.md for what is held and what is not.
"""

from eval_pipeline.sandbox.commands import Command, CommandResult, Level, Limits, Mount
from eval_pipeline.sandbox.dependencies import DependencyError, DependencyStore
from eval_pipeline.sandbox.results import read_result, remove_tree
from eval_pipeline.sandbox.running import RunningProcess
from eval_pipeline.sandbox.sandbox import Sandbox

__all__ = [
    "Command",
    "CommandResult",
    "DependencyError",
    "DependencyStore",
    "Level",
    "Limits",
    "Mount",
    "RunningProcess",
    "Sandbox",
    "read_result",
    "remove_tree",
]
