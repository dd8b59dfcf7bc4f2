"""The environment of this process: one thread changes it for a library while another hands it on to a new process.

A variable that vanishes while all are copied is a KeyError in the middle of starting a camera; hence the lock.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import Dict, Iterator, Mapping, Optional

_LOCK = threading.Lock()


def copy_environment(**changes: str) -> Dict[str, str]:
    """The environment for another process, with these changes."""
    with _LOCK:
        return {**os.environ, **changes}


@contextmanager
def changed_environment(**changes: str) -> Iterator[None]:
    """Have these variables while the block runs. Nobody waits for its end, for a driver may hang there."""
    before = _replace(changes)
    try:
        yield
    finally:
        _replace(before)


def _replace(variables: Mapping[str, Optional[str]]) -> Dict[str, Optional[str]]:
    """Set variables, or where they are None, take them away; returns what they were."""
    with _LOCK:
        before = {name: os.environ.get(name) for name in variables}
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return before
