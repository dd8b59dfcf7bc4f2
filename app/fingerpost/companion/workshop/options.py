"""What a job may be told: numbers within bounds, and choices from what is there. Nothing else comes from the page."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

from ...core.errors import DataError


class Number(NamedTuple):
    """A whole number from `least` to `most`."""

    name: str
    default: int
    least: int
    most: int

    def check(self, value: Any) -> int:
        """The value, if it may be that. Raises DataError."""
        if type(value) is not int or not self.least <= value <= self.most:
            raise DataError(f"{self.name} cannot be that: give a whole number from {self.least} to {self.most}")
        return value

    def describe(self) -> Dict[str, Any]:
        """As the page is told of it."""
        return {"type": "number", **self._asdict()}


class Choice(NamedTuple):
    """One of several words; the first one unless another is chosen."""

    name: str
    choices: Sequence[str]

    def check(self, value: Any) -> str:
        """The value, if it is among the choices. Raises DataError."""
        if value not in self.choices:
            raise DataError(f"{self.name} cannot be that: choose one of {', '.join(self.choices)}")
        return str(value)

    def describe(self) -> Dict[str, Any]:
        """As the page is told of it."""
        return {"type": "choice", **self._asdict(), "default": self.default}

    @property
    def default(self) -> str:
        """What is taken where nothing is chosen."""
        return self.choices[0]


class Several(NamedTuple):
    """At least one of several words or numbers."""

    name: str
    choices: Sequence[Any]
    default: Sequence[Any]

    def check(self, value: Any) -> List[Any]:
        """Those of the choices that the value lists, in their own order. Raises DataError."""
        if not isinstance(value, (list, tuple)) or not value or not all(item in self.choices for item in value):
            raise DataError(f"{self.name} cannot be that: choose some of {', '.join(map(str, self.choices))}")
        return [choice for choice in self.choices if choice in value]

    def describe(self) -> Dict[str, Any]:
        """As the page is told of it."""
        return {"type": "several", **self._asdict()}


class Switch(NamedTuple):
    """On or off; off unless it is switched on."""

    name: str
    default: bool = False

    def check(self, value: Any) -> bool:
        """The value, if it is true or false. Raises DataError."""
        if type(value) is not bool:
            raise DataError(f"{self.name} cannot be that: give true or false")
        return value

    def describe(self) -> Dict[str, Any]:
        """As the page is told of it."""
        return {"type": "switch", **self._asdict()}


Option = Union[Number, Choice, Several, Switch]


def choose(options: Tuple[Option, ...], given: Mapping[str, Any]) -> Dict[str, Any]:
    """The value of every option: as given, else its default. Raises DataError for what is not among the options."""
    known = {option.name for option in options}
    strange = sorted(name for name in given if name not in known)
    if strange:
        raise DataError(f"this has no option {strange[0]}: give some of {', '.join(sorted(known)) or 'none'}")
    return {option.name: option.check(given.get(option.name, option.default)) for option in options}
