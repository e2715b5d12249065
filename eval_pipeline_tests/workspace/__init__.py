from pathlib import Path


def connector_script_path(suffix: str) -> Path:
    """The script that talks through a SQL connector, in Python (`py`) or JavaScript (`cjs`)."""
    return Path(__file__).with_name(f"connector_script.{suffix}")
