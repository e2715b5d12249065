"""Stack `vite`: a static client, index.html built by Vite, without a server of its own."""

from __future__ import annotations

import re

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import (
    Package,
    Project,
    StartCommand,
    read_app_yaml,
    read_package,
    start_command,
)

NAME = "vite"
ORDER = 50

SERVERS = frozenset(
    [
        "express",
        "fastify",
        "koa",
        "hono",
        "@hapi/hapi",
        "@trpc/server",
        "@databricks/appkit",
        "@databricks/sql",
        "@databricks/sdk-experimental",
        "next",
        "nuxt",
        "astro",
        "@sveltejs/kit",
        "@remix-run/node",
        "@react-router/node",
    ]
)
"""Dependencies of apps that are more than a static client."""

_OUT_DIR = re.compile(r"\boutDir\s*:\s*[\"'`](?:\./)?([\w./-]+)[\"'`]")
_RUNS_SOURCE = re.compile(r"\b(?:node|tsx|ts-node|bun(?: run)?|deno(?: run)?)\s+(?:-\S+\s+)*[\w./-]+\.[cm]?[jt]sx?\b")
_NO_DATA = "a static client has no server that could ask for data"


def detect(tree: SourceTree) -> Project | None:
    package = read_package(tree, ".")
    if package is None or "vite" not in package.all_dependencies or tree.text("index.html") is None:
        return None
    command, app_env, problem = read_app_yaml(tree)
    start = start_command(package, command)
    runs = " ".join(start.argv) if start else ""
    if SERVERS & set(package.all_dependencies) or _RUNS_SOURCE.search(runs):
        return None
    return Project(
        NAME,
        tree,
        (package,),
        _served(tree, package, start),
        app_env,
        problem,
        health_routes=(),
        not_applicable={
            "databricks_connectivity": _NO_DATA,
            "data_returned": _NO_DATA,
            **({} if _has_typescript(tree) else {"type_safety": "the client is plain JavaScript"}),
        },
        serves_data=False,
    )


def _served(tree: SourceTree, package: Package, start: StartCommand | None) -> StartCommand:
    """How the built page is served; what must be there is the page, whoever serves it."""
    config = next((f.text for p, f in tree.files.items() if p.name.startswith("vite.config.")), "")
    found = _OUT_DIR.search(config)
    page = f"{found[1] if found and '..' not in found[1] else 'dist'}/index.html"
    if start is None:
        line = "vite preview --host 127.0.0.1 --port $PORT --strictPort"
        source = "the stack's convention"
        if written := package.script("preview"):
            # Only Vite's own command is sure to know these flags.
            is_plain = re.fullmatch(r"vite preview(?: --[\w-]+(?:[= ][\w.]+)?)*", written)
            line = f"{written} --host 127.0.0.1 --port $PORT --strictPort" if is_plain else written
            source = "package.json preview"
        start = StartCommand(("sh", "-c", line), ".", None, source)
    return StartCommand(start.argv, start.folder, page, start.source, start.env)


def _has_typescript(tree: SourceTree) -> bool:
    return any(path.suffix in {".ts", ".tsx", ".mts", ".cts"} for path in tree.files)
