"""What a running app finds around it, as on Databricks Apps: docs/APP_CONTRACT.md."""

from __future__ import annotations

import re

from eval_pipeline.evaluation.stacks.base import Project
from eval_pipeline.evaluation.toolchains import TOOLCHAINS
from eval_pipeline.workspace import AppSession

CA_PATH = "/opt/workspace-ca.pem"
USER = "user@example.com"

_HOST_LINE = re.compile(r"^\s*(?:export\s+)?DATABRICKS_HOST\s*=\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_TOKEN_NAME = re.compile(r"TOKEN|PASSWORD|SECRET|KEY")


def app_environment(
    project: Project, session: AppSession, port: int, host_url: str, ca_path: str = CA_PATH
) -> dict[str, str]:
    """The variables of the app's process.

    Args:
        host_url: address of the SQL endpoint as the app reaches it, with https://.
    """
    example = project.tree.text(".env.example") or ""
    shown = _HOST_LINE.search(example)
    is_bare = shown is not None and not shown[1].startswith("http") and shown[1][0].isalnum()
    env = {
        "PORT": str(port),
        "DATABRICKS_APP_PORT": str(port),
        "DATABRICKS_APP_NAME": "app",
        "DATABRICKS_APP_URL": f"http://127.0.0.1:{port}",
        "DATABRICKS_HOST": host_url.removeprefix("https://") if is_bare else host_url,
        "DATABRICKS_TOKEN": session.token,
        "DATABRICKS_CLIENT_ID": session.client_id,
        "DATABRICKS_CLIENT_SECRET": session.client_secret,
        "DATABRICKS_WAREHOUSE_ID": session.warehouse_id,
        "NODE_EXTRA_CA_CERTS": ca_path,
        "SSL_CERT_FILE": ca_path,
        "REQUESTS_CA_BUNDLE": ca_path,
    }
    env = {name: value for name, value in env.items() if name not in project.withheld}
    env |= TOOLCHAINS[project.toolchain].start_environment(project, port)
    for name, value in project.app_env.items():
        if value is not None:
            env[name] = value
        elif name not in env:
            env[name] = session.token if _TOKEN_NAME.search(name) else session.warehouse_id
    return env | (project.start.env if project.start else {})


def user_headers(session: AppSession) -> dict[str, str]:
    """What the platform's proxy adds to every request."""
    return {
        "x-forwarded-access-token": session.user_token,
        "x-forwarded-user": "user",
        "x-forwarded-email": USER,
        "x-forwarded-preferred-username": USER,
    }
