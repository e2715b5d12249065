"""What the machine did to us, told from an error of any library: a full disk, a disk that may not be written."""

from __future__ import annotations

import os
import re
from pathlib import Path

_FULL = re.compile(
    r"(?:No space left on device|Disk quota exceeded)(?:: '[^']{1,200}')?|database or disk is full"
    r"|\[Errno (?:28|122)\]|\(os error (?:28|122)\)"
)
_READ_ONLY = re.compile(r"Read-only file system(?:: '[^']{1,200}')?|readonly database|\[Errno 30\]|\(os error 30\)")
_SQLITE_IO = re.compile(r"disk I/O error|unable to open database file")
_LEAST_FREE_BYTES = 256 * 1024


def machine_trouble(text: str, home: Path) -> str | None:
    """One sentence on what is wrong with the disk and how to mend it; None when the text is of something else."""
    # SQLite says of a full disk, depending on where it hits it, only that it could not read or write.
    found = _FULL.search(text) or (_SQLITE_IO.search(text) if _is_nearly_full(home) else None)
    if found:
        return (
            f"the disk is full ({found.group()}): free some space, or put EVAL_PIPELINE_HOME ({home}) on another disk, "
            "then start it again; what is done is kept"
        )
    found = _READ_ONLY.search(text)
    if found:
        return (
            f"a disk cannot be written ({found.group()}): choose an EVAL_PIPELINE_HOME that this user may write, "
            f"in place of {home}"
        )
    return None


def _is_nearly_full(home: Path) -> bool:
    try:
        info = os.statvfs(home)
    except OSError:
        return False
    return info.f_bavail * info.f_frsize < _LEAST_FREE_BYTES
