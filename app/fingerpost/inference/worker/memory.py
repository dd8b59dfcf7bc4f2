"""The memory that both processes see: a file without a name, given by its descriptor."""

import mmap
import os


class Memory:
    """Grows at its end, in whole pages, so that each part of it can be mapped by itself."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def take(self, at: int, size: int) -> bytes:
        """What lies at the end, from `at` on; the space is free afterwards."""
        with mmap.mmap(self._handle, size, offset=at) as view:
            content = view[:]
        os.ftruncate(self._handle, at)
        return content

    def put(self, content: bytes) -> int:
        """Lay bytes at the end; where they begin."""
        at = self.grow(len(content))
        with mmap.mmap(self._handle, len(content), offset=at) as view:
            view[:] = content
        return at

    def grow(self, size: int) -> int:
        """Make room at the end; where it begins, which is a multiple of the page size."""
        pages = -(-os.fstat(self._handle).st_size // mmap.PAGESIZE)
        os.ftruncate(self._handle, pages * mmap.PAGESIZE + size)
        return pages * mmap.PAGESIZE

    def map(self, at: int, size: int) -> mmap.mmap:
        """A part of it, to be written and read in place."""
        return mmap.mmap(self._handle, size, offset=at)
