"""Frames between the server and the warehouse's processes."""

from __future__ import annotations

import struct

HEADER = struct.Struct(">I")
"""Length in bytes of the JSON that follows."""
COMMAND = struct.Struct(">cQ")
"""To the pool's process: a letter (O open, K kill) and a process id; back: P and the id of the new process."""
