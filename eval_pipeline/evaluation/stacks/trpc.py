"""Stack `trpc`: folders server/ and client/, as one root package, as workspaces of one, or as two packages with a
lockfile each."""

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
from eval_pipeline.evaluation.stacks.node import start_of, withheld_from
from eval_pipeline.evaluation.stacks.workspaces import with_workspaces

NAME = "trpc"
ORDER = 10


def detect(tree: SourceTree) -> Project | None:
    tops = {path.parts[0] for path in tree.files if len(path.parts) > 1}
    if not {"server", "client"} <= tops:
        return None
    root, server, client = (read_package(tree, folder) for folder in (".", "server", "client"))
    command, app_env, problem = read_app_yaml(tree)
    packages = with_workspaces(tree, root) if root else ()
    if len(packages) > 1 or (root and not (server and client)):
        start = start_of(packages, command)
    elif server and client:
        packages = (client, server)
        start = start_command(server, command)
        if start is None and root:
            start = start_command(root, None)
    else:
        return None
    health = HEALTH_ROUTES + TRPC_HEALTH_ROUTES
    withheld = withheld_from(tree, packages)
    return Project(NAME, tree, packages, start, app_env, problem, health, withheld=withheld)
