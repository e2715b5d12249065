"""npm, pnpm and bun as installers: what they are called with, and what their errors say of an app.

npm comes with Node; pnpm and bun are brought from the npm registry, pinned, when the first lockfile needs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval_pipeline.settings import Settings

TOOLS_TARGET = "/opt/package-manager"

PINNED = {"pnpm": "12.21.0", "bun": "1.4.5"}


@dataclass(frozen=True)
class Installer:
    """How one package manager installs from its lockfile, without scripts and without any file of the app's.

    `faults` are (pattern, failure code) in the order they are looked for; what none of them finds is our trouble.
    """

    name: Literal["npm", "pnpm", "bun"]
    argv: list[str]
    settings: dict[str, str]
    cache_variable: str
    registry_variable: str
    faults: tuple[tuple[str, str], ...]

    def tool(self, settings: Settings) -> Path | None:
        """The folder of the program, to be shown at TOOLS_TARGET; None when it comes with Node.

        Raises:
            EvaluatorError: it could not be had.
        """
        if self.name == "npm":
            return None
        from eval_pipeline.sandbox.installing import ensure_package_manager

        return ensure_package_manager(self.name, settings).parent

    def environment(self, cache: str) -> dict[str, str]:
        return self.settings | {self.cache_variable: cache}

    def registry(self, url: str) -> dict[str, str]:
        return {self.registry_variable: url}

    def certificates(self, path: str) -> dict[str, str]:
        return {"npm_config_cafile": path, "NODE_EXTRA_CA_CERTS": path, "SSL_CERT_FILE": path}

    def explain(self, text: str) -> tuple[str, str]:
        """The failure code ("" when it is ours) and what the package manager said."""
        said = _npm_said(text) if self.name == "npm" else _said(text)
        for pattern, code in self.faults:
            if re.search(pattern, said if self.name == "npm" else text):
                return code, said.partition(" ")[2] or said if self.name == "npm" else said
        return "", said


_NPM_ERROR = re.compile(r"^npm (?:error|ERR!) (?:code )?(.*)$", re.MULTILINE)


def _npm_said(text: str) -> str:
    lines = [line for line in _NPM_ERROR.findall(text) if line.strip()]
    return " ".join([lines[0].split()[0], *lines[1:3]]) if lines else ""


def _said(text: str) -> str:
    """From the first error on, its lines joined."""
    lines = [re.sub(r"^[\s×╰─▶*]+", "", line).strip() for line in text.splitlines()]
    start = next((i for i, line in enumerate(lines) if re.match(r"error\b", line, re.IGNORECASE)), None)
    return " ".join(line for line in lines[start : start + 8] if line) if start is not None else ""


_RETRIES = {"fetch_retries": "1", "fetch_retry_mintimeout": "1000"}

INSTALLERS = {
    "npm": Installer(
        name="npm",
        argv=["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        settings={
            # Two names that do not exist: npm refuses the same one twice.
            "npm_config_userconfig": "/nonexistent/user.npmrc",
            "npm_config_globalconfig": "/nonexistent/global.npmrc",
            "npm_config_update_notifier": "false",
        }
        | {f"npm_config_{name}": value for name, value in _RETRIES.items()},
        cache_variable="npm_config_cache",
        registry_variable="npm_config_registry",
        faults=(
            ("^EUSAGE", "lockfile_out_of_sync"),
            ("^EINTEGRITY", "integrity_mismatch"),
            ("^(E404|ETARGET|EINVALIDPACKAGENAME)", "package_not_found"),
            ("^ERESOLVE", "dependency_conflict"),
            ("^EBADPLATFORM", "unsupported_platform"),
        ),
    ),
    "pnpm": Installer(
        name="pnpm",
        argv=[
            f"{TOOLS_TARGET}/pnpm", "install", "--frozen-lockfile", "--ignore-scripts", "--ignore-pnpmfile",
            # Copies: a hard link would let one tree reach into another.
            "--package-import-method", "copy", "--reporter", "append-only",
        ],
        settings={
            "CI": "1",
            "pnpm_config_pm_on_fail": "ignore",
            # The lockfile decides, not the age of what it names.
            "pnpm_config_minimum_release_age": "0",
        }
        | {f"pnpm_config_{name}": value for name, value in _RETRIES.items()},
        cache_variable="pnpm_config_store_dir",
        registry_variable="pnpm_config_registry",
        faults=(
            (r"ERR_PNPM_(OUTDATED_LOCKFILE|LOCKFILE_(CONFIG_MISMATCH|MISSING_DEPENDENCY))", "lockfile_out_of_sync"),
            (r"ERR_PNPM_BROKEN_LOCKFILE", "lockfile_invalid"),
            (r"Integrity check failed|ERR_PNPM_TARBALL_INTEGRITY", "integrity_mismatch"),
            (r"ERR_PNPM_FETCH_404|ERR_PNPM_NO_MATCHING_VERSION|returned HTTP 404", "package_not_found"),
            (r"ERR_PNPM_PEER_DEP_ISSUES", "dependency_conflict"),
            (r"ERR_PNPM_UNSUPPORTED_(PLATFORM|ENGINE)", "unsupported_platform"),
        ),
    ),
    "bun": Installer(
        name="bun",
        argv=[
            f"{TOOLS_TARGET}/bun", "install", "--frozen-lockfile", "--ignore-scripts", "--no-progress",
            "--backend", "copyfile",
        ],
        settings={"CI": "1"},
        cache_variable="BUN_INSTALL_CACHE_DIR",
        registry_variable="npm_config_registry",
        faults=(
            (r"failed to parse lockfile|Failed to load lockfile", "lockfile_invalid"),
            (r"lockfile had changes, but lockfile is frozen", "lockfile_out_of_sync"),
            (r"Integrity check failed|IntegrityCheckFailed", "integrity_mismatch"),
            (r" - 404\b|No version matching", "package_not_found"),
        ),
    ),
}  # fmt: skip
