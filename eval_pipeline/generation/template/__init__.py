"""The template generator: words of a prompt, a catalogue of the sample tables, an AppSpec, a TypeScript app."""

from __future__ import annotations

from pathlib import Path

SKELETON = Path(__file__).parent / "skeleton"
"""The files that every template app has as they are; `dot.x` stands for `.x`."""
