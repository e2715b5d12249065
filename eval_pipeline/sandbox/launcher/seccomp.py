"""The system call filter, as a classic BPF program for bubblewrap's --seccomp.

A network namespace confines IP, but AF_VSOCK and AF_PACKET sockets can be made in an empty one: only four families are
let through. io_uring makes sockets past any such filter, so it is answered ENOSYS. Kernel interfaces that no app needs
are refused.
"""

from __future__ import annotations

import struct

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_ENOSYS, _EPERM, _EAFNOSUPPORT = 38, 1, 97

FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK."""

_NR, _ARCH, _ARG0 = 0, 4, 16

_ARCHITECTURES = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "socketpair": 53, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
         "add_key": 248, "request_key": 249, "keyctl": 250, "memfd_create": 319, "shmget": 29},
    ),
    "aarch64": (
        0xC00000B7,
        {"socket": 198, "socketpair": 199, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
         "add_key": 217, "request_key": 218, "keyctl": 219, "memfd_create": 279, "shmget": 194},
    ),
}  # fmt: skip
_IO_URING = (425, 426, 427)
_X32_BIT = 0x40000000


def program(machine: str, is_memory_watched: bool = False) -> bytes | None:
    """The filter for a machine (`platform.machine()`), or None where none is known.

    `is_memory_watched`: no control group counts memory, so memory that belongs to no process is not to be had either.
    """
    if machine not in _ARCHITECTURES:
        return None
    audit_arch, numbers = _ARCHITECTURES[machine]
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
    ]
    unsupported = [*_IO_URING, *([numbers["memfd_create"], numbers["shmget"]] if is_memory_watched else [])]
    for number in unsupported:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    for name in ("bpf", "perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl"):
        steps += [(_JUMP_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    families = len(FAMILIES)
    steps += [
        (_JUMP_EQUAL, 1, 0, numbers["socket"]),
        (_JUMP_EQUAL, 0, families + 2, numbers["socketpair"]),
        (_LOAD, 0, 0, _ARG0),
        *((_JUMP_EQUAL, families - index, 0, family) for index, family in enumerate(FAMILIES)),
        (_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
