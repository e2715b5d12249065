"""The chart library (uPlot), brought once from the npm registry at the locked version, whose hash npm checks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.tools import find_tool, tools_folder
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import swap_tree

VENDOR_SOURCE = Path(__file__).with_name("vendor_src")
FILES = ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")
INSTALL_SECONDS = 120


def chart_library(settings: Settings) -> Path | None:
    """The folder with the library's three files; None before `ensure_chart_library`."""
    folder = tools_folder(settings) / "uplot"
    is_whole = all((folder / Path(name).name).is_file() for name in FILES)
    return folder if is_whole and _read(folder / "package-lock.json") == _locked() else None


def ensure_chart_library(settings: Settings) -> Path:
    """Installs the library under HOME/tools unless it is there.

    Raises:
        EvaluatorError: npm is missing, or the registry could not be reached.
    """
    found = chart_library(settings)
    if found is not None:
        return found
    node, npm = find_tool("node", settings), find_tool("npm", settings)
    if node is None or npm is None:
        raise EvaluatorError("the dashboard's chart library needs npm once: run eval-pipeline setup")
    target = tools_folder(settings) / "uplot"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work = Path(scratch) / "work"
        shutil.copytree(VENDOR_SOURCE, work, ignore=shutil.ignore_patterns("node_modules"))
        # npm by its script, so that it runs on the node that was found and not on another of PATH.
        argv = [node.path, npm.path.resolve(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(argv, cwd=work, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise EvaluatorError(f"npm did not bring the chart library within {INSTALL_SECONDS} s") from error
        if done.returncode != 0:
            raise EvaluatorError(f"npm could not bring the chart library: {done.stderr.strip()[-300:]}")
        fresh = Path(scratch) / "uplot"
        fresh.mkdir()
        for name in FILES:
            shutil.copy(work / "node_modules" / "uplot" / name, fresh)
        shutil.copy(VENDOR_SOURCE / "package-lock.json", fresh)
        swap_tree(fresh, target)
    return target


def _locked() -> bytes:
    return (VENDOR_SOURCE / "package-lock.json").read_bytes()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
