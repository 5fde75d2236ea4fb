"""A body on its way to the disk: no more of it than is allowed, and no more of it in memory than a block.

Forms are read part by part as they come (RFC 7578); files go to `Recordings.coming`, fields stay in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earwitness.errors import EarwitnessError
from earwitness.server.recordings import Coming

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_FIELDS = 100
MAX_FIELD_BYTES = 4 * 2**20
"""OpenAI's clients send sound in fields, as text: four speakers that they know."""
MAX_FIELDS_BYTES = 4 * MAX_FIELD_BYTES


class TooLargeError(EarwitnessError, ValueError):
    """A body is longer than is allowed."""


class FormError(EarwitnessError, ValueError):
    """A body is not the form that it should be."""


@dataclass
class Form:
    """What a form has: the values of each field in their order, and the file's name as it was sent, if there is one."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file_name: str | None = None

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field; names with and without brackets are the same."""
        return (self.many(name) or [default])[-1]

    def many(self, name: str) -> list[str]:
        return [*self.fields.get(name, []), *self.fields.get(f"{name}[]", [])]


async def body(request: Request, most_bytes: int) -> bytes:
    """A whole body.

    Raises:
        TooLargeError: it is longer than `most_bytes`; what is over is not read.
    """
    blocks = [block async for block in _blocks(request, most_bytes)]
    return b"".join(blocks)


async def form(request: Request, coming: Coming, most_bytes: int, *, file: str = "file") -> Form:
    """Reads a multipart form; its part called `file` goes to `coming`.

    Raises:
        FormError: the body is no such form, ends too early, has several files or too many fields.
        TooLargeError: the body is longer than `most_bytes`.
        StorageError: the disk is full, and so on.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise FormError("the body must be multipart/form-data, with a boundary in its Content-Type")
    parts = _Parts(coming, file)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        async for block in _blocks(request, most_bytes):
            parser.write(block)
        parser.finalize()
    except FormParserError as error:
        raise FormError(f"the form cannot be read ({error}); send it again") from error
    if not parts.ended:
        raise FormError("the form ends too early; send it again")
    return parts.form


async def _blocks(request: Request, most_bytes: int) -> AsyncIterator[bytes]:
    from starlette.requests import ClientDisconnect

    declared = request.headers.get("content-length", "")
    too_large = TooLargeError(f"the body is longer than {most_bytes} bytes, which is the most that this server takes")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise too_large
    received = 0
    try:
        async for block in request.stream():
            received += len(block)
            if received > most_bytes:
                raise too_large
            yield block
    except ClientDisconnect as error:
        raise FormError("the body ended too early; send it again") from error


class _Parts:
    """The parts of a form as the parser finds them."""

    def __init__(self, coming: Coming, file: str) -> None:
        self.form, self.ended = Form(), False
        self._coming, self._file = coming, file
        self._header: list[bytes] = [b"", b""]
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None
        self._value = bytearray()
        self._bytes = 0

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._named,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers, self._value = {}, bytearray()

    def _add(self, place: int, data: bytes) -> None:
        self._header[place] += data

    def _end_header(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = [b"", b""]

    def _named(self) -> None:
        from python_multipart.multipart import parse_options_header

        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise FormError("a part of the form has no name; send it again")
        self._name = options[b"name"].decode(errors="replace")
        if self._name == self._file:
            if self.form.file_name is not None:
                raise FormError(f"the form has several parts called {self._file!r}; send one recording at a time")
            self.form.file_name = options.get(b"filename", b"").decode(errors="replace")
            self._name = None

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._coming.write(data[start:end])
        elif len(self._value) + end - start > MAX_FIELD_BYTES:
            raise FormError(f"the field {self._name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes")
        else:
            self._bytes += end - start
            if self._bytes > MAX_FIELDS_BYTES:
                raise FormError(f"the fields of the form are longer than {MAX_FIELDS_BYTES} bytes together")
            self._value += data[start:end]

    def _end(self) -> None:
        if self._name is None:
            return
        values = self.form.fields.setdefault(self._name, [])
        values.append(self._value.decode(errors="replace"))
        if sum(map(len, self.form.fields.values())) > MAX_FIELDS:
            raise FormError(f"the form has more than {MAX_FIELDS} fields")

    def _finish(self) -> None:
        self.ended = True
