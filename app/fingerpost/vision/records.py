"""What a calibration leaves behind: small JSON files in the state folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, Optional, TypeVar

from ..core.errors import DataError
from ..wholefile import write_whole

ThingT = TypeVar("ThingT")


def write_record(path: Path, record: Dict[str, Any]) -> None:
    """Write a file in place of the old one. Raises DataError where that fails."""
    try:
        write_whole(path, (json.dumps(record, indent=1) + "\n").encode())
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}): make room on the disk, or check its "
                        "permissions") from error


def read_record(path: Path, build: Callable[[Dict[str, Any]], ThingT], command: str) -> Optional[ThingT]:
    """What `build` makes of a file, None where there is none. Raises DataError, which names the `command` that makes
    the file anew."""
    try:
        return build(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(f"{path} cannot be used ({error}): run `{command}` again, or delete the file") from error
