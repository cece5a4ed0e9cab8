"""A bulk run in one process: each picture answered once, as `Predictor` answers it, whatever stops the run."""

import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from unittest.mock import patch

import pytest

from answered import paths_of, rows_of
from archives import write_tar
from benchmarks.tiny import tiny_picture, tiny_shards
from bulk.conftest import MakeBulk
from made import fingerprint
from unfreeze.bulk.answers import Counts
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.places import Place
from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.run import Bulk, Results, predict_bulk
from unfreeze.bulk.work import Done
from unfreeze.deploy.predictor import Predictor
from unfreeze.errors import CollectionError, RunError


def predict(bulk: Bulk) -> Counts:
    return predict_bulk(bulk, local_engine(bulk, threads=1))


def test_answers_are_those_of_the_predictor(make_bulk: MakeBulk, bundle: Path, folder: Path, tmp_path: Path) -> None:
    before = fingerprint(folder)
    total = predict(make_bulk(folder))
    expected = {found.path: found for found in Predictor(bundle).predict(str(folder))}
    rows = {row["path"]: row for row in rows_of(tmp_path / "out")}
    bad = rows_of(tmp_path / "out", "bad")
    assert bad == [{"path": f"{folder}/b/07.png", "error": "not a picture in a known format"}]
    assert sorted(rows) == sorted(path for path, found in expected.items() if not found.error)
    for path, row in rows.items():
        names = ("red", "green", "blue")
        assert tuple(row[f"p:{name}"] for name in names) == expected[path].probabilities
        assert row["predicted"] == names[max(range(3), key=expected[path].probabilities.__getitem__)]
        assert (row["distance"], row["refused"], row["set"]) == (None, None, None)
    assert (total.pictures, total.predicted, total.bad) == (25, 24, 1)
    parts = sorted(path.name for path in (tmp_path / "out/predictions").iterdir())
    assert parts == [f"part-0000000{number}.parquet" for number in range(3)]  # 25 files in tens
    assert json.loads((tmp_path / "out/summary.json").read_text())["pictures"] == 25
    assert fingerprint(folder) == before


def test_shards_folders_and_patterns_count_each_picture_once(
    make_bulk: MakeBulk, shards: Path, folder: Path, tmp_path: Path
) -> None:
    total = predict(make_bulk(shards, f"{shards}/tiny-{{000000..000003}}.tar", folder, f"{folder}/a/*.png"))
    assert (total.pictures, total.predicted, total.bad) == (225, 204, 21)
    paths = paths_of(tmp_path / "out") + paths_of(tmp_path / "out", "bad")
    assert len(set(paths)) == len(paths) == 225
    assert f"{shards}/tiny-000003.tar/000000199.png" in paths


def test_a_table_that_was_cut_is_named(make_bulk: MakeBulk, folder: Path, tmp_path: Path) -> None:
    total = predict(make_bulk(folder))
    for table in ("predictions", "bad"):
        cut = next((tmp_path / "out" / table).iterdir())
        cut.write_bytes(cut.read_bytes()[:-20])
        with pytest.raises(RunError, match=r"remove .*/predictions/part-0000000\d.parquet and call again") as error:
            predict(make_bulk(folder))
        Path(str(error.value.subject)).unlink()
        found = predict(make_bulk(folder))
        assert (found.pictures, found.bad) == (total.pictures, total.bad)


def test_an_engine_is_closed_when_too_much_fails(make_bulk: MakeBulk, folder: Path) -> None:
    closed = list[bool]()

    def engine(parts: Iterable[Ticket]) -> Results:
        try:
            for part in parts:
                yield Done(number=part.number, error="no network")
        finally:
            closed.append(True)

    results = list[Results]()

    def kept(parts: Iterable[Ticket]) -> Results:
        results.append(engine(parts))
        return results[0]

    with pytest.raises(RunError, match="25 of 25 parts are not done: no network"):
        predict_bulk(make_bulk(folder, part_size=1), kept)
    assert closed


def test_two_first_calls_do_not_mix_their_plans(make_bulk: MakeBulk, folder: Path, tmp_path: Path) -> None:
    bulk = make_bulk(folder)

    def engine(parts: Iterable[Ticket]) -> Results:
        plan = tmp_path / "out/plan.jsonl"  # another call lists one picture more, and writes last
        plan.write_text(plan.read_text().replace("24.png", "25.png"))
        yield from local_engine(bulk, threads=1)(parts)

    for which in (engine, local_engine(bulk, threads=1)):
        with pytest.raises(RunError, match=r"plan.jsonl is not the plan of bulk.json; another call wrote one"):
            predict_bulk(bulk, which)
    assert not (tmp_path / "out/summary.json").exists()


class Stopped(Exception):  # noqa: N818 - no error
    """Stands for a kill."""


def test_a_run_that_was_stopped_does_only_what_is_left(make_bulk: MakeBulk, shards: Path, tmp_path: Path) -> None:
    bulk = make_bulk(shards)
    done: list[int] = []

    def dying(parts: Iterable[Ticket]) -> Results:
        for found in local_engine(bulk, threads=1)(parts):
            done.append(found.number)
            yield found
            if len(done) == 2:
                raise Stopped

    with pytest.raises(Stopped):
        predict_bulk(bulk, dying)
    first = fingerprint(tmp_path / "out/predictions")
    assert not (tmp_path / "out/summary.json").exists()
    tiny_shards(shards / "later", pictures=5, shard_pictures=5)  # no part of the plan

    def noting(parts: Iterable[Ticket]) -> Results:
        for found in local_engine(bulk, threads=1)(parts):
            done.append(found.number)
            yield found

    total = predict_bulk(bulk, noting)
    assert done == [0, 1, 2, 3]
    assert (total.pictures, total.predicted, total.bad) == (200, 180, 20)
    second = fingerprint(tmp_path / "out/predictions")
    assert {path: second[path] for path in first if path.endswith("parquet")} == {
        path: what for path, what in first.items() if path.endswith("parquet")
    }
    assert predict(bulk) == total  # nothing is left to do


def test_a_part_that_was_broken_off_leaves_no_row(make_bulk: MakeBulk, shards: Path, tmp_path: Path) -> None:
    with patch("unfreeze.bulk.work.Table.close", side_effect=Stopped), pytest.raises(Stopped):
        predict(make_bulk(shards))
    assert not (tmp_path / "out/predictions").exists()
    (tmp_path / "out/bad").mkdir()
    (tmp_path / "out/bad/part-00000001.parquet").write_bytes(b"of an earlier try")
    tiny_shards(shards, pictures=200, shard_pictures=50)  # all good now
    assert (predict(make_bulk(shards)).bad, paths_of(tmp_path / "out", "bad")) == (0, [])


def test_other_files_among_the_answers_are_no_parts_of_the_run(
    make_bulk: MakeBulk, folder: Path, tmp_path: Path
) -> None:
    total = predict(make_bulk(folder))
    answers = tmp_path / "out/predictions"
    for name in ("part-00000-1f3c-c000.snappy.parquet", "part-00000002.parquet.crc", "part-00000003.parquet"):
        (answers / name).write_bytes(b"of another program")
    (answers / "part-00000001.parquet").unlink()
    found = predict(make_bulk(folder))
    assert (found.pictures, found.predicted, found.bad) == (total.pictures, total.predicted, total.bad)


def test_damaged_archives_keep_what_can_be_read(make_bulk: MakeBulk, shards: Path, tmp_path: Path) -> None:
    short, header, gone = (shards / f"tiny-00000{number}.tar" for number in range(3))
    data = short.read_bytes()
    short.write_bytes(data[: 25 * 1024 + 520])  # a member takes 1,024 bytes
    data = header.read_bytes()
    header.write_bytes(data[:20480] + b"x" * 512 + data[20992:])  # of member 20
    bulk = make_bulk(shards)

    def engine(parts: Iterable[Ticket]) -> Results:
        gone.unlink()  # after the plan was made
        return local_engine(bulk, threads=1)(parts)

    total = predict_bulk(bulk, engine)
    faults = {row["path"]: row["error"] for row in rows_of(tmp_path / "out", "bad") if row["path"].endswith(".tar")}
    assert faults[str(short)].startswith("damaged after 26 members (")
    assert faults[str(header)].startswith("damaged after 20 members (")
    assert faults[str(gone)] == "No such file or directory"
    assert total.pictures == 25 + 1 + 20 + 1 + 1 + 50


def test_names_that_come_twice_links_and_others_of_an_archive(make_bulk: MakeBulk, tmp_path: Path) -> None:
    path = tmp_path / "odd.tar"
    write_tar(path, {"a/1.png": tiny_picture(1), "a/1.cls": b"0", ".b/2.png": b"", "c.PNG": tiny_picture(2)})
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("d.png")
        link.type, link.linkname = tarfile.SYMTYPE, "c.PNG"
        archive.addfile(link)
        archive.add(__file__, "a/1.png")
    assert predict(make_bulk(path)).pictures == 4
    assert paths_of(tmp_path / "out") == [f"{path}/a/1.png", f"{path}/c.PNG"]
    assert paths_of(tmp_path / "out", "bad") == [f"{path}/d.png", f"{path}/a/1.png"]


def test_other_work_in_the_same_folder_is_refused(make_bulk: MakeBulk, folder: Path, tmp_path: Path) -> None:
    predict(make_bulk(folder))
    for bulk, what in [
        (make_bulk(folder, tta_views=4), "the answers of another --tta;"),
        (make_bulk(folder / "a", part_size=5), "the answers of other pictures and another --part-size;"),
    ]:
        with pytest.raises(RunError, match=what):
            predict(bulk)
    (tmp_path / "out/bulk.json").write_text("{}")
    with pytest.raises(RunError, match=r"bulk.json is damaged"):
        predict(make_bulk(folder))
    with pytest.raises(RunError, match=r"holds other files \(a\)"):
        predict(make_bulk(folder / "a", out=str(folder)))
    with pytest.raises(RunError, match="lies inside the pictures"):
        predict(make_bulk(folder, out=str(folder / "out")))


def test_what_is_not_there_is_said(make_bulk: MakeBulk, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path\n")
    (tmp_path / "empty").mkdir()
    for source, what in [
        (tmp_path / "gone", "no pictures or tar archives there"),
        (tmp_path / "empty", "no pictures or tar archives there"),
        (tmp_path / "list.csv", "neither a picture nor a tar archive"),
        ("nonsense://x", "Protocol not known: nonsense"),
        ("gs://bucket/x", "gcsfs"),
    ]:
        with pytest.raises(CollectionError, match=what):
            predict(make_bulk(source))
    assert not (tmp_path / "out").exists()


def test_parts_that_cannot_be_done_now_are_left(
    make_bulk: MakeBulk, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(where: Place) -> IO[bytes]:
        if where.name.endswith("tiny-000001.tar"):
            raise OSError("no network")
        found: IO[bytes] = where.files.open(where.path, "rb")
        return found

    bulk = make_bulk(shards)
    with monkeypatch.context() as patched:
        patched.setattr(Place, "open", opened)
        with pytest.raises(RunError, match=r"1 of 4 parts are not done: .*tiny-000001.tar: no network; the same com"):
            predict(bulk)
    assert len(paths_of(tmp_path / "out")) == 135
    assert predict(bulk).predicted == 180
