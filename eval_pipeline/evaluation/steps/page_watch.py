"""Decides when a page in the browser has shown enough."""

from __future__ import annotations

import time

from eval_pipeline.evaluation.matching import KnownBeforehand, Values, find, read_text
from eval_pipeline.evaluation.steps.bench import load_per_core
from eval_pipeline.evaluation.steps.data import values_of
from eval_pipeline.sandbox import RunningProcess
from eval_pipeline.workspace import AppSession

QUIET_SECONDS = 4.5
"""A page that shows no served value and has not changed for so long is taken as it is; longer in proportion on
a loaded machine. Pages that ask again after a few seconds are not rare."""
STATIC_QUIET_SECONDS = 1.5
"""The same for a page that no server gives data to."""
AWAITED_SECONDS = 6.0
"""A reply that is awaited for longer is taken for a stream."""
BUSY_LOOK_SECONDS = 0.5
BUSY_SHARE = 0.2
"""Of a core; an idle server uses next to none."""
OWN_LOAD = 2.0
UI_CHANCE = 1e-3


class PageWatch:
    """Says when a page has shown enough: served values that all have arrived, or nothing new for a while.

    Nothing is new when neither the text nor the statements change, no reply is awaited, and the app does not work. An
    event stream is a reply that never ends, so what is awaited counts for so long only.
    """

    def __init__(self, session: AppSession, known: KnownBeforehand, process: RunningProcess, serves_data: bool) -> None:
        self._quiet_seconds = QUIET_SECONDS if serves_data else STATIC_QUIET_SECONDS
        self._session = session
        self._known = known
        self._process = process
        self._state: tuple[str, int, int] = ("", -1, 0)
        self._since = self._quiet_since = self._looked = time.monotonic()
        self._cpu = process.cpu_seconds
        self._values = Values({}, frozenset())

    def __call__(self, text: str, in_flight: int) -> bool:
        statements = self._session.statements
        state = (text, len(statements), sum(s.state == "RUNNING" for s in statements))
        now = time.monotonic()
        if state != self._state:
            if state[1:] != self._state[1:]:
                self._values = values_of(statements)
            self._state, self._since, self._quiet_since = state, now, now
            return False
        if self._is_app_busy(now) or (in_flight > 0 and now - self._since < AWAITED_SECONDS * slowness()):
            self._quiet_since = now
        if now - self._quiet_since > self._quiet_seconds * slowness():
            return True
        match = find(self._values, read_text([("text/plain", text)]), self._known)
        return match.count > 0 and match.chance <= UI_CHANCE

    def _is_app_busy(self, now: float) -> bool:
        """Whether the app used a good part of a core since it was last asked; asked twice a second."""
        if now - self._looked < BUSY_LOOK_SECONDS:
            return False
        cpu = self._process.cpu_seconds
        is_busy = cpu - self._cpu > BUSY_SHARE * (now - self._looked)
        self._cpu, self._looked = cpu, now
        return is_busy


def slowness() -> float:
    """How much longer than usual things may take on a machine as loaded as this one is now."""
    return min(4.0, max(1.0, load_per_core() / OWN_LOAD))
