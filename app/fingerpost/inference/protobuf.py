"""Messages in protobuf's wire format, taken apart and put together again, without a schema.

https://protobuf.dev/programming-guides/encoding/: a message is a row of fields, each a number, a kind (a varint, eight
or four bytes, or bytes with their length before them) and a value. What is not touched stays as it was.
"""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Sequence, Tuple, Union

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5


class Field(NamedTuple):
    """One field of a message."""

    number: int
    kind: int
    value: Union[int, bytes]


class Message:
    """A message that can be changed. Raises ValueError for what is none."""

    def __init__(self, data: bytes = b"") -> None:
        self.fields: List[Field] = list(_read_fields(memoryview(data)))

    def messages(self, number: int) -> List[Message]:
        """All messages that stand in fields of this number."""
        return [Message(value) for value in self.texts(number)]

    def message(self, number: int) -> Message:
        """The last of them, or an empty one."""
        return (self.messages(number) or [Message()])[-1]

    def texts(self, number: int) -> List[bytes]:
        """All bytes that stand in fields of this number."""
        return [field.value for field in self.fields if field.number == number and isinstance(field.value, bytes)]

    def text(self, number: int) -> str:
        """The last of them as text, or an empty one."""
        return (self.texts(number) or [b""])[-1].decode("utf-8")

    def integers(self, number: int) -> List[int]:
        """All integers in fields of this number, one by one or packed."""
        found: List[int] = []
        for field in self.fields:
            if field.number == number and isinstance(field.value, int):
                found.append(field.value)
            elif field.number == number and isinstance(field.value, bytes):
                found.extend(_read_varints(field.value))
        return [value - (1 << 64) if value >> 63 else value for value in found]

    def integer(self, number: int, default: int = 0) -> int:
        """The last of them."""
        return (self.integers(number) or [default])[-1]

    def put(self, number: int, values: Sequence[Union[int, str, bytes, Message]]) -> Message:
        """Let these be the fields of that number, after all others; returns the message."""
        self.fields = [field for field in self.fields if field.number != number]
        for value in values:
            if isinstance(value, int):
                self.fields.append(Field(number, VARINT, value))
            else:
                data = value.dump() if isinstance(value, Message) else value
                self.fields.append(Field(number, BYTES, data.encode() if isinstance(data, str) else data))
        return self

    def dump(self) -> bytes:
        """The message as bytes."""
        parts: List[bytes] = []
        for number, kind, value in self.fields:
            parts.append(_write_varint(number << 3 | kind))
            if isinstance(value, int):
                parts.append(_write_varint(value & (1 << 64) - 1))
            else:
                parts += [_write_varint(len(value)), value] if kind == BYTES else [value]
        return b"".join(parts)


def _read_fields(data: memoryview) -> Iterator[Field]:
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = _read_varint(data, position)
            yield Field(number, kind, value)
            continue
        if kind == BYTES:
            length, position = _read_varint(data, position)
        elif kind in (EIGHT, FOUR):
            length = 8 if kind == EIGHT else 4
        else:
            raise ValueError(f"there is no field of kind {kind}")
        if number == 0 or length > len(data) - position:
            raise ValueError("a field is cut short")
        yield Field(number, kind, bytes(data[position:position + length]))
        position += length


def _read_varint(data: memoryview, position: int) -> Tuple[int, int]:
    """The number there, and where the next one begins."""
    value = 0
    for count in range(10):
        if position + count >= len(data):
            raise ValueError("a number is cut short")
        byte = data[position + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, position + count + 1
    raise ValueError("a number is too long")


def _read_varints(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _read_varint(memoryview(data), position)
        yield value


def _write_varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
