"""What may leave the machine: names, kinds, sizes and contents that must not, at any depth."""

from __future__ import annotations

import base64
import gzip
import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.publishing.sources import (
    MAX_FILE_BYTES,
    archive,
    check_app_name,
    collect_sources,
)

SECRET = "dapi-our-own-secret/+value"


def write(root: Path, *paths: str, data: bytes = b"x") -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def kept(root: Path, secrets=()) -> list[str]:
    return [file.path for file in collect_sources(root, secrets).files]


def left_out(root: Path, secrets=()) -> dict[str, str]:
    return {item.path: item.reason for item in collect_sources(root, secrets).left_out}


def test_an_apps_own_sources_are_kept_as_they_are(tmp_path):
    paths = [
        ".dockerignore", ".env.example", ".github/workflows/ci.yml", ".gitignore", "Dockerfile", "README.md",
        "app.yaml", "client/src/App.tsx", "package-lock.json", "package.json", "server/.env.example", "server/keys.ts",
        "server/src/environment.ts", "server/src/tokens.test.ts",
    ]  # fmt: skip
    write(tmp_path, *paths, data=b"\r\n\x00\xff")
    sources = collect_sources(tmp_path, [SECRET])
    assert [file.path for file in sources.files] == paths
    assert {file.data for file in sources.files} == {b"\r\n\x00\xff"}
    assert sources.left_out == ()


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".env.local", ".env.production", ".ENV", ".env.example.bak", ".envrc", "prod.env", "key.pem", "a.KEY",
        "cert.p12", "store.pfx", "app.jks", "id_rsa", "id_ed25519", "id_rsa.pub", ".npmrc", ".netrc", ".databrickscfg",
        ".git-credentials", ".pypirc", ".yarnrc.yml", ".pgpass", "credentials.json", "service-account-1.json",
        "terraform.tfstate", "secrets.yaml", "key.pem.bak", ".env.", ".env ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("folder", ["", "a/b/c/d/e/f/"])
def test_credential_files_stay_at_any_depth(tmp_path, folder, name):
    write(tmp_path, folder + name, folder + "kept.txt")
    assert kept(tmp_path) == [folder + "kept.txt"]
    assert left_out(tmp_path) == {" ".join((folder + name).split()): "may hold credentials"}


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("node_modules", "installed dependencies"), (".venv", "installed dependencies"), ("dist", "build output"),
        ("build", "build output"), ("Node_Modules", "installed dependencies"), (".git", "version control"),
        (".svn", "version control"), (".GIT", "version control"), (".git ", "version control"),
        ("git~1", "version control"), (".g\u200cit", "version control"),
        (".aws", "credentials folder"), (".ssh", "credentials folder"),
        (".eval", "generation metadata"), ("__pycache__", "build output"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("depth", ["", "packages/one/"])
def test_folders_that_are_not_source_stay_whole_and_are_listed_once(tmp_path, depth, folder, reason):
    write(tmp_path, f"{depth}{folder}/deep/a.js", f"{depth}{folder}/b.js", f"{depth}c.js")
    assert kept(tmp_path) == [f"{depth}c.js"]
    assert list(left_out(tmp_path).values()) == [reason]


def test_files_by_which_git_would_read_the_repository_stay(tmp_path):
    write(tmp_path, ".gitmodules", "a/.gitattributes", "a/.GitModules", "b/GITMOD~1", "c/.git", "d/.mailmap")
    assert kept(tmp_path) == []
    assert set(left_out(tmp_path).values()) == {"version control"}


def test_links_devices_and_sockets_stay_and_are_never_followed(tmp_path):
    outside = tmp_path / "outside"
    write(outside, "passwd", data=b"root")
    app = tmp_path / "app"
    write(app, "a.txt")
    (app / "link").symlink_to(outside / "passwd")
    (app / "folder").symlink_to(outside)
    (app / "dangling").symlink_to("nowhere")
    (app / "self").symlink_to(".")
    os.mkfifo(app / "pipe")
    here = Path.cwd()
    os.chdir(app)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as endpoint:
            endpoint.bind("socket")
            found = left_out(app)
    finally:
        os.chdir(here)
    assert kept(app) == ["a.txt"]
    assert found == {
        "dangling": "is a link", "folder": "is a link", "link": "is a link", "self": "is a link",
        "pipe": "is not a regular file", "socket": "is not a regular file",
    }  # fmt: skip


def test_an_app_that_is_itself_a_link_or_missing_is_refused(tmp_path):
    write(tmp_path, "app/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "app")
    for name in ("link", "missing", "app/a.txt"):
        with pytest.raises(InputError, match="no app folder"):
            collect_sources(tmp_path / name)


def test_a_huge_sparse_file_is_not_read(tmp_path):
    with (tmp_path / "huge.bin").open("wb") as file:
        file.truncate(10 * 1024**3)
    write(tmp_path, "largest.bin", data=b"x" * MAX_FILE_BYTES)
    assert kept(tmp_path) == ["largest.bin"]
    assert left_out(tmp_path) == {"huge.bin": f"has {10 * 1024**3} bytes, over {MAX_FILE_BYTES}"}


def test_a_tree_that_is_too_large_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("eval_pipeline.publishing.sources.MAX_TREE_BYTES", 25)
    monkeypatch.setattr("eval_pipeline.publishing.sources.MAX_FILES", 3)
    write(tmp_path, "a", "b", "c", "d", data=b"0123456789")
    assert kept(tmp_path) == ["a", "b"]
    assert set(left_out(tmp_path).values()) == {"the app has more than 25 bytes"}
    write(tmp_path, "a", "b", "c", "d", data=b"0")
    assert left_out(tmp_path) == {"d": "the app has more than 3 files"}


def test_names_that_cannot_be_checked_out_stay_and_print_safely(tmp_path):
    write(tmp_path, "ok.txt", "new\nline", "esc\x1b[31m", "back\\slash", "deep/" + "x" * 240)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/not-\xff-utf8"))).write_bytes(b"x")
    assert kept(tmp_path) == ["ok.txt"]
    found = left_out(tmp_path)
    assert len(found) == 5
    assert all(path.isprintable() and path.encode() for path in found)


@pytest.mark.parametrize(
    "data",
    [
        SECRET.encode(),
        b"url=https://host/?t=dapi-our-own-secret%2F%2Bvalue&x",
        b"Authorization: Basic " + base64.b64encode(SECRET.encode()),
        b"\x00\x01" * 500_000 + SECRET.encode(),
    ],
)
def test_a_file_with_one_of_our_secrets_stays_and_is_reported(tmp_path, data):
    write(tmp_path, "a/notes.md", data=data)
    write(tmp_path, "b.md")
    assert kept(tmp_path, [SECRET]) == ["b.md"]
    assert left_out(tmp_path, [SECRET]) == {"a/notes.md": "holds one of our secrets"}
    assert "a/notes.md" in kept(tmp_path, [])


def test_a_secret_in_a_name_is_not_repeated_in_the_list(tmp_path):
    secret = "hunter2-hunter2"
    write(tmp_path, f"x-{secret}.txt", f"{secret}/node_modules/a")
    assert kept(tmp_path, [secret]) == []
    assert secret not in str(left_out(tmp_path, [secret]))


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN RSA PRIVATE KEY-----\nMII",
        b"-----BEGIN PRIVATE KEY-----",
        b"const t = 'dapi" + b"0123456789abcdef" * 2 + b"'",
        b"AKIA" + b"ABCDEFGH23456789",
        b"key: sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
        b"ghp_" + b"a" * 36,
    ],
)
def test_keys_and_tokens_of_others_stay_too(tmp_path, data):
    write(tmp_path, "config.ts", data=data)
    assert kept(tmp_path) == []
    assert left_out(tmp_path)["config.ts"].startswith("holds a")


def test_what_only_looks_like_a_token_is_kept(tmp_path):
    write(tmp_path, ".env.example", data=b"DATABRICKS_TOKEN=dapi_your_token_here\nKEY=sk-ant-...\n")
    write(tmp_path, "docs.md", data=b"-----BEGIN PUBLIC KEY-----")
    assert kept(tmp_path, [""]) == [".env.example", "docs.md"]


def test_the_archive_is_the_same_bytes_whatever_the_clock_and_owner_say(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name, "b/run.sh", "a.txt", "b/ä.txt", data=b"text")
        (tmp_path / name / "b" / "run.sh").chmod(0o755 if name == "one" else 0o700)
    os.utime(tmp_path / "two" / "a.txt", (1, 1))
    one, two = (archive(collect_sources(tmp_path / name)) for name in ("one", "two"))
    assert one == two
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(one))) as tar:
        members = {m.name: (m.mode, m.mtime, m.uid, m.uname) for m in tar}
    assert members == {"a.txt": (0o644, 0, 0, ""), "b/run.sh": (0o755, 0, 0, ""), "b/ä.txt": (0o644, 0, 0, "")}


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", ".hidden", "a b", "x" * 101, "naïve", "a\n"])
def test_an_app_name_that_cannot_be_a_folder_is_refused(name):
    with pytest.raises(InputError, match="cannot be a published folder"):
        check_app_name(name)
