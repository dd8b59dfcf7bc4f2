"""The few functions of the CUDA runtime that running a network takes, by ctypes.

Signatures: CUDA Runtime API, https://docs.nvidia.com/cuda/archive/10.2/cuda-runtime-api/ (group__CUDART__MEMORY,
group__CUDART__STREAM, group__CUDART__DEVICE); they are the same from 10.2 to 13.
"""

import ctypes
import glob
import os
import sys
from typing import Any, Iterator, Tuple

TO_DEVICE, TO_HOST = 1, 2
"""cudaMemcpyHostToDevice and cudaMemcpyDeviceToHost."""
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76
"""cudaDevAttrComputeCapabilityMajor and -Minor."""
PROPERTIES_BYTES = 8192
"""More than cudaDeviceProp takes in any version (about 1 kB)."""
NAME_BYTES = 256
"""What cudaDeviceProp begins with: char name[256]."""


class CudaError(Exception):
    """A function of the CUDA runtime has failed."""


class Cuda:
    """The first GPU. Raises CudaError where there is none."""

    def __init__(self) -> None:
        self._library = load_library()
        self._library.cudaGetErrorString.restype = ctypes.c_char_p
        count = ctypes.c_int()
        self._call("cudaGetDeviceCount", ctypes.byref(count))
        if count.value < 1:
            raise CudaError("there is no GPU")

    def name(self) -> str:
        """What the GPU is called."""
        properties = ctypes.create_string_buffer(PROPERTIES_BYTES)
        self._call("cudaGetDeviceProperties", properties, ctypes.c_int(0))
        return properties.raw[:NAME_BYTES].split(b"\0")[0].decode("utf-8", "replace")

    def capability(self) -> Tuple[int, int]:
        """Its compute capability."""
        return self._attribute(CAPABILITY_MAJOR), self._attribute(CAPABILITY_MINOR)

    def allocate(self, size: int) -> int:
        """The address of so many bytes of its memory."""
        address = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(size))
        return int(address.value or 0)

    def free(self, address: int) -> None:
        """Give them back."""
        self._call("cudaFree", ctypes.c_void_p(address))

    def create_stream(self) -> int:
        """A queue of work."""
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreate", ctypes.byref(stream))
        return int(stream.value or 0)

    def destroy_stream(self, stream: int) -> None:
        """Let go of it."""
        self._call("cudaStreamDestroy", ctypes.c_void_p(stream))

    def copy(self, target: int, source: int, size: int, direction: int, stream: int) -> None:
        """Queue a copy, TO_DEVICE or TO_HOST."""
        self._call("cudaMemcpyAsync", ctypes.c_void_p(target), ctypes.c_void_p(source), ctypes.c_size_t(size),
                   ctypes.c_int(direction), ctypes.c_void_p(stream))

    def synchronise(self, stream: int) -> None:
        """Wait until all work in the queue is done."""
        self._call("cudaStreamSynchronize", ctypes.c_void_p(stream))

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self._call("cudaDeviceGetAttribute", ctypes.byref(value), ctypes.c_int(number), ctypes.c_int(0))
        return value.value

    def _call(self, function: str, *arguments: Any) -> None:
        code = getattr(self._library, function)(*arguments)
        if code:
            reason = self._library.cudaGetErrorString(ctypes.c_int(code)).decode("utf-8", "replace")
            raise CudaError(f"{function}: {reason}")


def load_library() -> ctypes.CDLL:
    """The CUDA runtime, wherever it lies. Raises CudaError."""
    for name in find_libraries():
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise CudaError("libcudart.so is not found, which comes with CUDA")


def find_libraries() -> Iterator[str]:
    """Names to try: as the linker finds it, where NVIDIA's installer and JetPack put it, and from NVIDIA's wheels."""
    yield "libcudart.so"
    for pattern in ["/usr/local/cuda*/lib64/libcudart.so*"] + [
            os.path.join(folder, "nvidia", "*", "lib", "libcudart.so*") for folder in sys.path if folder]:
        yield from sorted(glob.glob(pattern), reverse=True)
