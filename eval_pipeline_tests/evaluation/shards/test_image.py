"""The image of the machines that judge elsewhere. No engine is here to build it: it is linted and read."""

import re
import subprocess
import sys
from pathlib import Path

from eval_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "deploy" / "evaluator"


def test_the_dockerfile_has_no_finding():
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout) == (0, "")


def test_what_it_copies_is_there_and_let_through():
    text = (FOLDER / "Dockerfile").read_text()
    through = set(re.findall(r"^!(\S+)$", (FOLDER / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in line.split()}
    assert copied == through
    assert [name for name in copied if not (PROJECT_ROOT / name).exists()] == []


def test_it_does_not_run_as_root_and_holds_what_the_preflight_asks_for():
    text = (FOLDER / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert all(word in text for word in ("node:20", "bubblewrap", "chromium-headless-shell", "--preflight"))
