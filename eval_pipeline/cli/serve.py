"""What stays open: the Dagster UI, the dashboard on a port, the local workspace."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import click

from eval_pipeline.cli.home import settings_with_home
from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.settings import PROJECT_ROOT, dagster_environment


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; the UI has no login.")
def dev(port: int, host: str) -> None:
    """The Dagster UI on this project's home: the demo's runs, backfills, schedules and sensors."""
    from eval_pipeline.dagster_instance import open_instance, prepare_home

    _check_port(host, port, "--port")
    settings = settings_with_home()
    with open_instance(settings):
        pass
    dagster = shutil.which("dagster", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if not dagster:
        raise EvaluatorError("the dagster command is not beside this Python: run make setup")
    click.echo(f"Dagster on http://{host}:{port}, home {settings.home}", err=True)
    arguments = ["dagster", "dev", "-w", str(PROJECT_ROOT / "workspace.yaml"), "-p", str(port), "-h", host]
    os.execve(dagster, arguments, dagster_environment(prepare_home(settings)))


@click.command()
@click.option("--serve", "port", type=click.IntRange(1, 65535), help="Serve the site on this loopback port.")
def dashboard(port: int | None) -> None:
    """Build the dashboard from what is stored; it opens from disk, or is served on a port."""
    from eval_pipeline.publishing.day import build_dashboard
    from eval_pipeline.storage.artifacts import ArtifactStore
    from eval_pipeline.storage.tables import TableStore

    if port:
        _check_port("127.0.0.1", port, "--serve")
    settings = settings_with_home()
    index = build_dashboard(settings, ArtifactStore(settings.home), TableStore(settings.home / "tables"))
    click.echo(str(index))
    if port:
        _serve_folder(index.parent, port)


def _serve_folder(folder: Path, port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.staticfiles import StaticFiles

    app = Starlette()
    app.mount("/", StaticFiles(directory=folder, html=True))
    click.echo(f"dashboard on http://127.0.0.1:{port} (Ctrl+C ends it)", err=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


@click.group()
def workspace() -> None:
    """The local Databricks workspace: the SQL endpoint with sample data, on loopback."""


@workspace.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one.")
def workspace_serve(port: int) -> None:
    """Serve it until Ctrl+C; prints the settings with which an app or SDK connects."""
    from eval_pipeline.workspace import serve

    serve(port)


def _check_port(host: str, port: int, option: str) -> None:
    """Raises InputError when nothing could listen there."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise InputError(f"--host {host} is no address of this machine ({error.strerror})") from error
            raise InputError(f"port {port} cannot be had ({error.strerror}): choose another with {option}") from error
