import os
from pathlib import Path

import pytest

from unfreeze.audit.findings import Finding, Kind, findings_csv
from unfreeze.audit.stored_findings import read_findings
from unfreeze.errors import CollectionError

FINDINGS = (
    Finding(Kind.LEAK, 'train/a, "b".jpg', "train", "valid/é.jpg", 0.9375, "re-encoded; one is in train"),
    Finding(Kind.LABEL, "train/x.jpg", "train", "dog", None),
    Finding(Kind.IMBALANCE, detail="3 of a, 90 of b"),
)


def test_what_check_wrote_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "findings.csv"
    path.write_bytes(findings_csv(FINDINGS))
    assert read_findings(path) == FINDINGS


def test_a_name_of_bytes_that_are_no_text_is_read_again(tmp_path: Path) -> None:
    path, findings = tmp_path / "findings.csv", (Finding(Kind.BROKEN, os.fsdecode(b"train/\xff.jpg")),)
    path.write_bytes(findings_csv(findings))
    assert read_findings(path) == findings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,label\na,b\n", "its columns are path, label"),
        ("kind,path,split,related,score,detail\nodour,a,,,,\n", "line 2: 'odour' is not a valid Kind"),
        ("kind,path,split,related,score,detail\nlabel,a,,,much,\n", "line 2: could not convert string to float"),
        ("kind,path,split,related,score,detail\nlabel,a\n", "line 2: zip()"),
    ],
)
def test_what_is_no_table_of_findings_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "findings.csv"
    path.write_text(text)
    with pytest.raises(CollectionError, match="not the findings of unfreeze check") as caught:
        read_findings(path)
    assert said in str(caught.value)
