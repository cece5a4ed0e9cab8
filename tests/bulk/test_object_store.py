"""Pictures and answers in an object store: a real S3 server on loopback, moto's, and s3fs on the other side."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from answered import paths_of
from benchmarks.tiny import tiny_picture
from bulk.conftest import MakeBulk
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.places import place
from unfreeze.bulk.run import predict_bulk
from unfreeze.errors import CollectionError

pytestmark = pytest.mark.slow


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a server of the test's own; its address and keys come from the environment, as a user gives them."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    files = place("s3://pictures").files
    files.mkdir("pictures")
    yield "s3://pictures"
    files.clear_instance_cache()
    with contextlib.suppress(Exception):
        files.close_session(files.loop, files.s3)
    server.stop()


def test_from_a_bucket_into_a_bucket(make_bulk: MakeBulk, store: str, shards: Path, tmp_path: Path) -> None:
    bucket = place(store)
    for shard in sorted(shards.iterdir()):
        bucket.files.put_file(str(shard), f"pictures/shards/{shard.name}")
    for number in range(12):
        bucket.files.pipe_file(f"pictures/loose/{number:02d}.png", tiny_picture(number) if number else b"words")
    sources = (f"{store}/shards/tiny-{{000000..000002}}.tar", f"{store}/loose", f"{store}/shards/*3.tar")
    bulk = make_bulk(*sources, out=f"{store}/answers")
    total = predict_bulk(bulk, local_engine(bulk, threads=2))
    assert (total.pictures, total.predicted, total.bad) == (212, 191, 21)
    bucket.files.get("pictures/answers", str(tmp_path / "answers"), recursive=True)
    paths = paths_of(tmp_path / "answers") + paths_of(tmp_path / "answers", "bad")
    assert len(set(paths)) == len(paths) == 212
    assert {f"{store}/loose/00.png", f"{store}/shards/tiny-000003.tar/000000199.png"} <= set(paths)
    bucket.files.rm_file("pictures/answers/predictions/part-00000002.parquet")
    assert predict_bulk(bulk, local_engine(bulk, threads=2)).pictures == 212  # the part that is missing is done again
    nowhere = make_bulk("s3://no-such-bucket/x", out=str(tmp_path / "nowhere"))
    with pytest.raises(CollectionError, match="no-such-bucket/x: cannot be listed"):
        predict_bulk(nowhere, local_engine(nowhere))
