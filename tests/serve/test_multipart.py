"""Pictures out of multipart bodies, against bodies that another library wrote."""

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.multipart import NAME_CHARACTERS, MultipartUploads, Upload
from unfreeze.serve.problems import Problem

LIMITS = ServeLimits(pictures=3, picture_bytes=1000)
BOUNDARY = "----edge"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def body(pictures: list[tuple[str, bytes]]) -> bytes:
    fields = [("pictures", (name, data, "image/png")) for name, data in pictures]
    return urllib3.encode_multipart_formdata(fields, boundary=BOUNDARY)[0]


def read(data: bytes, step: int = 1000, content_type: str = TYPE) -> list[Upload]:
    uploads = MultipartUploads(content_type, limits=LIMITS)
    for start in range(0, len(data), step):
        uploads.write(data[start : start + step])
    return uploads.close()


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda name: not set(name) & set('"\\%') and name.strip() == name
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=300)), min_size=1, max_size=3), st.integers(1, 200))
def test_files_come_out_as_they_went_in_however_the_body_is_cut(pictures: list[tuple[str, bytes]], step: int) -> None:
    assert [(upload.name, upload.data) for upload in read(body(pictures), step)] == pictures


def test_bytes_that_look_like_a_boundary_are_data() -> None:
    data = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n------"
    assert read(body([("a", data)]), 3)[0].data == data


@pytest.mark.parametrize(
    ("sent", "status", "kind", "detail"),
    [
        (body([("a", b"1")] * 4), 413, "too-many-pictures", "more than 3 pictures in one request"),
        (body([("a", b"1" * 1001)]), 413, "picture-too-large", "a has more than the 1,000 bytes"),
        (body([("a", b"1")])[:-10], 400, "malformed-body", "ends before its last boundary"),
        (b"no multipart at all", 400, "malformed-body", "not a multipart body"),
        (
            urllib3.encode_multipart_formdata([("top_k", "3")], boundary=BOUNDARY)[0],
            422,
            "not-a-file",
            "the part 'top_k' has no file name",
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_said(sent: bytes, status: int, kind: str, detail: str) -> None:
    with pytest.raises(Problem, match=detail) as caught:
        read(sent)
    assert (caught.value.status, caught.value.kind) == (status, kind)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 1000])
def test_a_header_without_a_boundary_that_can_be_used_is_refused(content_type: str) -> None:
    with pytest.raises(Problem) as caught:
        read(b"", content_type=content_type)
    assert caught.value.status == 400


def test_a_name_is_cut_and_one_that_is_missing_made_up() -> None:
    assert read(body([("n" * 900, b"")]))[0].name == "n" * NAME_CHARACTERS
    sent = body([("gone", b"1")]).replace(b'filename="gone"', b'filename=""')
    assert read(sent) == [Upload("picture 1", b"1")]


def test_a_body_may_hold_no_file() -> None:
    assert read(f"--{BOUNDARY}--\r\n".encode()) == []
