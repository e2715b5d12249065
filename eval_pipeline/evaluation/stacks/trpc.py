"""Stack `trpc`: folders server/ and client/, as one root package or as two packages with a lockfile each."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import (
    HEALTH_ROUTES,
    TRPC_HEALTH_ROUTES,
    Project,
    read_app_yaml,
    read_package,
    start_command,
)

NAME = "trpc"
ORDER = 10


def detect(tree: SourceTree) -> Project | None:
    tops = {path.parts[0] for path in tree.files if len(path.parts) > 1}
    if not {"server", "client"} <= tops:
        return None
    root, server, client = (read_package(tree, folder) for folder in (".", "server", "client"))
    if server and client:
        packages = (client, server)
    elif root:
        packages = (root,)
    else:
        return None
    command, app_env, problem = read_app_yaml(tree)
    start = start_command(packages[-1], command)
    if start is None and root and server and client:
        start = start_command(root, None)
    return Project(NAME, tree, packages, start, app_env, problem, HEALTH_ROUTES + TRPC_HEALTH_ROUTES)
