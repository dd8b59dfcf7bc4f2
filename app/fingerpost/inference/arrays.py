"""What a network takes, and the one line for what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence, Union

from ..core.errors import ModelError

if TYPE_CHECKING:
    import numpy

Shape = Sequence[Union[int, str, None]]
"""A dimension that the network names or leaves open takes any size."""


def check_array(array: numpy.ndarray, name: str, wanted: Shape) -> None:
    """Raises ModelError unless the array is what the model `name` takes: float32 of that shape."""
    if not fits(array.shape, wanted):
        raise ModelError(f"{name} takes {write_shape(wanted)}, not {write_shape(array.shape)}: "
                         "resize the image to the input size in `fingerpost models info`")
    if array.dtype != "float32":
        raise ModelError(f"{name} takes float32, not {array.dtype}: preprocess the image")


def fits(shape: Sequence[int], wanted: Shape) -> bool:
    """Whether an array of that shape can be taken."""
    return len(shape) == len(wanted) and all(
        have == want or not isinstance(want, int) for have, want in zip(shape, wanted))


def write_shape(shape: Shape) -> str:
    """As people write it."""
    return "x".join("?" if size is None else str(size) for size in shape) or "a single number"


def refuse_inputs(path: object) -> ModelError:
    """The error for a network that takes something else than one float32 array."""
    return ModelError(f"{path} does not take one float32 array: export it again with `fingerpost export`")


def refuse_damage(path: object, error: Exception) -> ModelError:
    """The error for a file that cannot be read as a network."""
    lines = str(error).splitlines() or [type(error).__name__]
    return ModelError(f"{path} is damaged or no ONNX network ({lines[0]}): see `fingerpost models verify`")


def refuse_absence(path: object) -> ModelError:
    """The error for a file that is not there."""
    return ModelError(f"there is no model at {path}: see `fingerpost models list`")
