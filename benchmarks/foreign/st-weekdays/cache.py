"""Keeps the summary in a file."""

import os
import tempfile
from pathlib import Path

import pandas as pd

# the app's own folder is read-only once deployed, so new summaries go to the temporary folder
TARGET = Path(tempfile.gettempdir()) / "weekdays.csv"
SOURCE = Path(__file__).parent / "data" / "weekdays.csv"


def write(frame: pd.DataFrame) -> None:
    part = TARGET.with_suffix(".part")
    frame.to_csv(part, index=False)
    os.replace(part, TARGET)


def read() -> pd.DataFrame:
    return pd.read_csv(SOURCE)
