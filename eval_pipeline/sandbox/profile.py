"""The bubblewrap command line: what an app command, or the browser, may see of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.commands import Command, Mount

INNER_UID = 1000
HOME = "/home/app"
NODE_ROOT = "/opt/node"
PATH = f"{NODE_ROOT}/bin:/usr/local/bin:/usr/bin:/bin"

Argument = str | dict[str, str]
"""An argument, or `{"stage": source}` for a source that the launcher makes reachable."""

_ETC_FILES = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "mime.types", "fonts")
_CERTIFICATES = ("ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust/extracted")

_PASSWD = (
    f"root:x:0:0:root:/nonexistent:/bin/false\napp:x:{INNER_UID}:{INNER_UID}:app:{HOME}:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
)
_GROUP = f"root:x:0:\napp:x:{INNER_UID}:\nnogroup:x:65534:\n"
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files\n"
_NSSWITCH_HOST = "passwd: files\ngroup: files\nhosts: files dns\n"

_TMP, _SHM = "/tmp", "/dev/shm"  # noqa: S108  the command's own, made for it
_SHM_MB = 256
_HOME_MB = 64


@dataclass(frozen=True)
class System:
    """The fixed part of every command line, found out once."""

    bwrap: Path
    etc: Path
    node_prefix: Path | None

    def arguments(
        self, command: Command, hosts_file: Path | None, kind: Literal["app", "browser"] = "app"
    ) -> list[Argument]:
        """The whole argument vector, `{status}`, `{block}` and `{seccomp}` standing for the launcher's descriptors."""
        tmpfs_bytes = str(command.limits.disk_mb * 1024 * 1024)
        args: list[Argument] = [
            str(self.bwrap), "--unshare-all", "--unshare-user", "--die-with-parent", "--clearenv", "--new-session",
            "--cap-drop", "ALL", "--uid", str(INNER_UID), "--gid", str(INNER_UID), "--hostname", "app",
            "--json-status-fd", "{status}", "--block-fd", "{block}", "--seccomp", "{seccomp}",
        ]  # fmt: skip
        if kind == "app":
            args.append("--disable-userns")
        if command.network == "host":
            args.append("--share-net")
        args += _system_binds()
        args += self._etc_binds(command, hosts_file)
        args += ["--proc", "/proc", "--dev", "/dev"]
        args += ["--size", str(_SHM_MB * 1024 * 1024), "--perms", "1777", "--tmpfs", _SHM]
        args += ["--size", tmpfs_bytes, "--perms", "1777", "--tmpfs", _TMP]
        args += ["--size", str(_HOME_MB * 1024 * 1024), "--tmpfs", HOME]
        args += ["--dir", "/run", "--dir", "/var", "--symlink", "../tmp", f"/var{_TMP}"]
        if self.node_prefix is not None:
            args += ["--ro-bind", {"stage": str(self.node_prefix)}, NODE_ROOT]
        for mount in command.mounts:
            args += _bind(mount)
        for target in command.tmpfs:
            args += ["--size", tmpfs_bytes, "--tmpfs", target]
        # Last: the mount points above had to be made first.
        args += ["--remount-ro", "/dev", "--remount-ro", "/"]
        for name, value in environment(command).items():
            args += ["--setenv", name, value]
        args += ["--chdir", command.cwd, "--", *command.argv]
        return args

    def _etc_binds(self, command: Command, hosts_file: Path | None) -> list[Argument]:
        args: list[Argument] = ["--ro-bind", {"stage": str(self.etc)}, "/etc"]
        for name in (*_ETC_FILES, *_CERTIFICATES):
            if (self.etc / name).exists():
                args += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
        if hosts_file is not None:
            args += ["--ro-bind", {"stage": str(hosts_file)}, "/etc/hosts"]
        if command.network == "host":
            args += ["--ro-bind", {"stage": str(self.etc / "nsswitch.host")}, "/etc/nsswitch.conf"]
            for name in ("resolv.conf", "hosts"):
                if Path("/etc", name).exists():
                    args += ["--ro-bind", str(Path("/etc", name).resolve()), f"/etc/{name}"]
        return args


def tmpfs_targets(command: Command) -> list[str]:
    """The writable tmpfs mounts of a command, for counting their entries."""
    return [_TMP, HOME, _SHM, *command.tmpfs]


def environment(command: Command) -> dict[str, str]:
    """The command's whole environment: ours for what it does not set."""
    base = {
        "PATH": PATH,
        "HOME": HOME,
        "USER": "app",
        "LOGNAME": "app",
        "TMPDIR": _TMP,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PWD": command.cwd,
    }
    return base | command.env


def write_etc(folder: Path) -> None:
    """A minimal /etc: no shadow, no keys, no names of people; mount points for what is bound over it."""
    folder.mkdir()
    files = {
        "passwd": _PASSWD,
        "group": _GROUP,
        "nsswitch.conf": _NSSWITCH,
        "nsswitch.host": _NSSWITCH_HOST,
        "hosts": hosts_text({}),
        "resolv.conf": "",
        "hostname": "app\n",
        "os-release": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    for name in (*_ETC_FILES, *_CERTIFICATES):
        source, target = Path("/etc", name), folder / name
        if source.is_dir():
            target.mkdir(parents=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()


def hosts_text(hosts: dict[str, str]) -> str:
    """An /etc/hosts with loopback, `app` and the names given."""
    lines = ["127.0.0.1 localhost app", "::1 localhost", *(f"{ip} {name}" for name, ip in hosts.items())]
    return "\n".join(lines) + "\n"


def _system_binds() -> list[Argument]:
    args: list[Argument] = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            args += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            args += ["--ro-bind", str(path), f"/{name}"]
    return args


def _bind(mount: Mount) -> list[Argument]:
    target = PurePosixPath(mount.target)
    if not target.is_absolute() or ".." in target.parts:
        raise EvaluatorError(f"a mount's target must be an absolute path: {mount.target}")
    return ["--bind" if mount.writable else "--ro-bind", {"stage": str(mount.source.absolute())}, str(target)]
