"""Forms with files (multipart/form-data, RFC 7578), read field by field as they come, with an end to everything.

aiohttp's own reader skips any preamble line by line, and takes any number of headers in a field; both take seconds of
the server's only thread. Browsers send no preamble, and two or three headers.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import Optional

from aiohttp import StreamReader

HEADER_BYTES = 4096
"""Of one field; the longest part of it is a file's name."""
_BOUNDARY_LENGTH = 70  # RFC 2046, 5.1.1
_NAME = re.compile(rb'^Content-Disposition:\s*form-data;\s*name="([^"\r\n]*)"', re.IGNORECASE | re.MULTILINE)


class TooLong(ValueError):
    """More than what was allowed."""


class Form:
    """The fields of a form. What is malformed raises ValueError, wherever that is noticed."""

    def __init__(self, content: StreamReader, content_type: str) -> None:
        """`content_type` is the whole header. Raises ValueError where it names no boundary."""
        header = Message()
        header["Content-Type"] = content_type
        boundary = header.get_boundary("")
        if not 0 < len(boundary) <= _BOUNDARY_LENGTH:
            raise ValueError("there is no boundary, or none that may be")
        self._content = content
        self._edge = b"\r\n--" + boundary.encode("ascii")
        self._held = bytearray(b"\r\n")  # before the first boundary that is left out
        self._has_begun = False

    async def next_field(self) -> Optional[str]:
        """The name of the next field, whose contents are to be read then; None after the last one."""
        if not self._has_begun:
            await self._take_until(self._edge, 0)
            self._has_begun = True
        while len(self._held) < 2:
            await self._fill()
        if self._held[:2] == b"--":
            return None
        name = _NAME.search(await self._take_until(b"\r\n\r\n", HEADER_BYTES))
        if name is None:
            raise ValueError("a field has no name")
        return name.group(1).decode("utf-8")

    async def read_field(self, limit: int) -> bytes:
        """The contents of that field. Raises TooLong where they are more than `limit` bytes."""
        return await self._take_until(self._edge, limit)

    async def _take_until(self, mark: bytes, limit: int) -> bytes:
        """What comes before the mark; that is taken too."""
        searched = 0
        while True:
            at = self._held.find(mark, searched)
            if at > limit or (at < 0 and len(self._held) >= limit + len(mark)):
                raise TooLong(f"more than {limit} bytes")
            if at >= 0:
                found = bytes(self._held[:at])
                del self._held[:at + len(mark)]
                return found
            searched = max(0, len(self._held) - len(mark) + 1)
            await self._fill()

    async def _fill(self) -> None:
        data = await self._content.readany()
        if not data:
            raise ValueError("the form has no end")
        self._held += data
