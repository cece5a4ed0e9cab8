"""Takes pictures out of a multipart body while it arrives; nothing is written to disk."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it was sent.

    Attributes:
        name: What the client calls it: never a path to anything here.
        data: The file's bytes.
    """

    name: str
    data: bytes


class MultipartUploads:
    """The files of a `multipart/form-data` body (RFC 7578).

    Args:
        content_type: The request's header, with the boundary.
        limits: How many pictures of which size there may be.

    Attributes:
        found: The pictures whose last byte has arrived.

    Raises:
        Problem: If the header names no boundary that can be used.
    """

    def __init__(self, content_type: str, *, limits: ServeLimits) -> None:
        self.found: list[Upload] = []
        self._limits = limits
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False
        self._name = ""
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise _malformed("the header Content-Type names no boundary")
        try:
            self._parser = MultipartParser(boundary, _callbacks(self))
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes of the body.

        Args:
            chunk: Any number of bytes.

        Raises:
            Problem: If this is no multipart body, or has too many or too large pictures.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def close(self) -> list[Upload]:
        """The pictures of the whole body.

        Returns:
            The pictures in the order in which they were sent.

        Raises:
            Problem: If the body breaks off.
        """
        if not self._ended:
            raise _malformed("the body ends before its last boundary")
        return self.found

    def begin_part(self) -> None:
        """A part begins."""
        if len(self.found) >= self._limits.pictures:
            message = f"more than {self._limits.pictures} pictures in one request; send the others in another one"
            raise Problem(413, "too-many-pictures", message)
        self._chunks, self._size, self._name = [], 0, ""

    def begin_header(self) -> None:
        """A header of a part begins."""
        self._header = (bytearray(), bytearray())

    def end_header(self) -> None:
        """A header of a part is there."""
        name, value = self._header
        if name.lower() != b"content-disposition":
            return
        options = parse_options_header(bytes(value))[1]
        if b"filename" not in options:
            field = options.get(b"name", b"").decode("utf-8", "replace")[:NAME_CHARACTERS]
            message = f"the part {field!r} has no file name; send each picture as a file, and all else in the address"
            raise Problem(422, "not-a-file", message)
        self._name = options[b"filename"].decode("utf-8", "replace")[:NAME_CHARACTERS]

    def header_name(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's name."""
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's value."""
        self._header[1].extend(data[start:end])

    def part_data(self, data: bytes, start: int, end: int) -> None:
        """Some bytes of a file."""
        self._size += end - start
        check_size(self._size, self._limits, name=self._name)
        self._chunks.append(data[start:end])

    def end_part(self) -> None:
        """A file is there."""
        self.found.append(Upload(self._name or f"picture {len(self.found) + 1}", b"".join(self._chunks)))
        self._chunks = []

    def end(self) -> None:
        """The last boundary is there."""
        self._ended = True


def check_size(size: int, limits: ServeLimits, *, name: str) -> None:
    """Refuses a picture that is too large.

    Args:
        size: Bytes so far.
        limits: How many there may be.
        name: The picture's name.

    Raises:
        Problem: If there are more.
    """
    if size > limits.picture_bytes:
        message = f"{name or 'the picture'} has more than the {limits.picture_bytes:,} bytes that are read of a picture"
        raise Problem(413, "picture-too-large", message)


def _callbacks(uploads: MultipartUploads) -> "MultipartCallbacks":
    return {
        "on_part_begin": uploads.begin_part,
        "on_part_data": uploads.part_data,
        "on_part_end": uploads.end_part,
        "on_header_begin": uploads.begin_header,
        "on_header_field": uploads.header_name,
        "on_header_value": uploads.header_value,
        "on_header_end": uploads.end_header,
        "on_end": uploads.end,
    }


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed-body", f"not a multipart body as RFC 7578 has it: {detail}")
