"""Finding tools: from settings, PATH or our own folder; what does not run is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.sandbox import installing
from eval_pipeline.sandbox.tools import find_tool, node_prefix, tools_folder
from eval_pipeline.settings import Settings


def program(path: Path, says: str, count: Path | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    counting = f'echo called >> "{count}"\n' if count else ""
    path.write_text(f"#!/bin/sh\n{counting}echo {says}\n")
    path.chmod(0o755)
    return path


def test_a_tool_on_the_path_is_asked_for_its_version_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tmp_path / "calls"
    program(tmp_path / "bin" / "bwrap", "bubblewrap 9.8.7", calls)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    settings = Settings(pipeline_home=tmp_path / "home")
    for _ in range(3):
        tool = find_tool("bwrap", settings)
        assert tool is not None
        assert (tool.version, tool.path) == ("9.8.7", tmp_path / "bin" / "bwrap")
    assert calls.read_text().count("called") == 1
    program(tmp_path / "bin" / "bwrap", "bubblewrap 10.0.0 now longer", calls)
    newer = find_tool("bwrap", settings)
    assert newer is not None
    assert newer.version == "10.0.0"


def test_an_old_node_is_passed_over_for_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "node", "v18.20.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin".split(":")[0])
    settings = Settings(pipeline_home=tmp_path / "home")
    assert find_tool("node", settings) is None
    ours = program(tools_folder(settings) / "node" / "bin" / "node", "v22.1.0")
    found = find_tool("node", settings)
    assert found is not None
    assert (found.path, found.major) == (ours, 22)


def test_a_setting_that_names_no_working_tool_is_named(tmp_path: Path) -> None:
    settings = Settings(pipeline_home=tmp_path, node=tmp_path / "nowhere")
    with pytest.raises(InputError, match="EVAL_NODE"):
        find_tool("node", settings)


def test_a_home_folder_is_never_shown_as_an_installation_of_node(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="installation of its own"):
        node_prefix(program(tmp_path / "node", "v22.0.0"))
    node = program(tmp_path / "node22" / "bin" / "node", "v22.0.0")
    assert node_prefix(node) == (tmp_path / "node22").resolve()
    assert node_prefix(Path("/usr/bin/env")) is None


def test_what_is_there_is_only_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, says in (("node", "v22.0.0"), ("chromium", "Chromium 150.0.1"), ("bwrap", "bubblewrap 0.8.0")):
        program(tmp_path / "bin" / name, says)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    lines: list[str] = []
    installing.install_missing(Settings(pipeline_home=tmp_path / "home"), lines.append)
    assert [line.split(" at ")[0] for line in lines] == ["node: 22.0.0", "browser: 150.0.1", "bwrap: 0.8.0"]


def test_without_root_and_bubblewrap_the_command_to_type_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, says in (("node", "v22.0.0"), ("chromium", "Chromium 150.0.1"), ("dnf", "")):
        program(tmp_path / "bin" / name, says)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    lines: list[str] = []
    installing.install_missing(Settings(pipeline_home=tmp_path / "home"), lines.append)
    assert "sudo dnf install bubblewrap" in lines[-1]
