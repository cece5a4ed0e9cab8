"""Who may use the review page, and what is refused."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from serve_review import WRONG, OpenReview, corrections_of
from served import ColourModel
from unfreeze.serve.app import Access, create_app
from unfreeze.serve.guard import LOCAL_NAMES
from unfreeze.serve.review.access import TOKEN_HEADER
from unfreeze.serve.review.routes import MOST_BYTES, review_routes
from unfreeze.serve.review.session import Session

BLUE = 0


@contextmanager
def browsing(session: Session, *, client: str = "127.0.0.1", host: str = "127.0.0.1:8000") -> Iterator[TestClient]:
    app = create_app(
        {"colours": Path("colours")},
        access=Access(hosts=LOCAL_NAMES),
        open_model=lambda _: ColourModel(),
        more=[review_routes(session)],
    )
    with TestClient(app, base_url=f"http://{host}", client=(client, 1234), raise_server_exceptions=False) as found:
        yield found


@pytest.fixture
def session(open_review: OpenReview) -> Session:
    return open_review()


@pytest.fixture
def talking(session: Session) -> Iterator[TestClient]:
    with browsing(session) as found:
        yield found


def token_of(talking: TestClient) -> str:
    found = re.search(r'name="review-token" content="([\w-]+)"', talking.get("/review").text)
    assert found
    return found.group(1)


def post(talking: TestClient, path: str, body: Any, **headers: str) -> Any:
    shown = {TOKEN_HEADER: token_of(talking), "Content-Type": "application/json", **headers}
    return talking.post(f"/review/{path}", content=json.dumps(body), headers=shown)


def number_of(session: Session, path: str) -> int:
    return next(number for number, item in enumerate(session.desk.queue) if item.paths == (path,))


def test_a_decision_by_the_page_is_written(talking: TestClient, session: Session, run: Path) -> None:
    item = number_of(session, WRONG[1])
    body = {"version": 0, "item": item, "action": "relabel", "labels": [BLUE]}
    answer = post(talking, "decide", body)
    assert answer.status_code == 200
    assert answer.json()["done"][str(item)] == {"action": "relabel", "picture": 0, "label": "blue"}
    assert [(row["action"], row["path"], row["label"]) for row in corrections_of(run)] == [
        ("relabel", WRONG[1], "blue")
    ]
    assert talking.get("/review/state").json()["version"] == 1
    stale = post(talking, "decide", body)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:unfreeze:problem:decided-elsewhere")
    assert post(talking, "retrain", {"version": 1}).json()["models"][0]["name"] == "the run's model"
    assert post(talking, "undo", {"version": 1}).json()["undone"] == item
    assert corrections_of(run) == []
    assert post(talking, "retrain", {"version": 2}).status_code == 409


def test_pictures_come_by_their_row_as_jpeg_and_nothing_else(talking: TestClient, session: Session) -> None:
    row = next(number for number, row in enumerate(session.run.table.rows) if row.path == WRONG[0])
    response = talking.get(f"/review/pictures/{row}")
    with Image.open(io.BytesIO(response.content)) as image:
        assert (image.format, image.size) == ("JPEG", (48, 40))
        red, _, blue = image.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert blue > red + 100
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert talking.get("/review/pictures/99999").status_code == 404
    assert talking.get("/review/pictures/-1").status_code == 404
    for name in ("..%2f..%2frun.json", "train/red/099.png", "%2Fetc%2Fpasswd"):
        assert talking.get(f"/review/pictures/{name}").status_code in (404, 422)


def test_a_picture_that_has_gone_is_said_to_be(talking: TestClient, session: Session, tmp_path: Path) -> None:
    row = session.run.table.rows[0]
    file = session.run.table.root / row.path
    file.rename(tmp_path / "away.png")
    try:
        response = talking.get("/review/pictures/0")
    finally:
        (tmp_path / "away.png").rename(file)
    assert response.status_code == 404
    assert row.path in response.json()["detail"]


@pytest.mark.parametrize("path", ["", "/queue", "/state", "/pictures/0"])
def test_nobody_else_is_let_in(session: Session, talking: TestClient, path: str) -> None:
    assert talking.get(f"/review{path}").status_code == 200
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):
        assert talking.get(f"/review{path}", headers=headers).status_code == 403
    with browsing(session, client="10.0.0.1") as elsewhere:
        assert elsewhere.get(f"/review{path}").json()["detail"] == "the review page is for this machine alone"


def test_names_are_checked_even_where_the_server_answers_under_any(session: Session) -> None:
    app = create_app({"a": Path("a")}, open_model=lambda _: ColourModel(), more=[review_routes(session)])
    with TestClient(app, base_url="http://evil.example", client=("127.0.0.1", 1)) as rebound:
        assert rebound.get("/review").status_code == 403


@pytest.mark.parametrize("path", ["/queue", "/state", "/pictures/0"])
def test_pages_of_other_sites_see_nothing(talking: TestClient, path: str) -> None:
    assert talking.get(f"/review{path}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert talking.get(f"/review{path}", headers={"Sec-Fetch-Site": "same-site"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {TOKEN_HEADER: ""},
        {TOKEN_HEADER: "guessed"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", ["decide", "undo", "retrain"])
def test_changes_are_taken_from_the_own_page_alone(
    talking: TestClient, session: Session, path: str, headers: dict[str, str]
) -> None:
    body = {"version": 0, "item": 0, "action": "keep"} if path == "decide" else {"version": 0}
    assert post(talking, path, body, **headers).status_code == 403
    assert session.desk.state()["version"] == 0


def test_a_page_of_an_earlier_server_is_told_to_load_again(talking: TestClient, session: Session) -> None:
    old = token_of(talking)
    with browsing(session) as anew:
        answer = post(anew, "undo", {"version": 0}, **{TOKEN_HEADER: old})
        assert answer.status_code == 403
        assert "load the page again" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 0, "item": 0, "action": "undo"}, 422),
        ({"version": 0, "item": 0, "action": "burn"}, 422),
        ({"version": 0, "item": "0", "action": "keep"}, 422),
        ({"version": 0, "item": 0, "action": "keep", "path": "/etc/passwd"}, 422),
        ({"item": 0, "action": "keep"}, 422),
        ([], 422),
        ("x" * MOST_BYTES, 413),
    ],
)
def test_what_is_no_decision_is_refused(talking: TestClient, body: Any, status: int) -> None:
    answer = post(talking, "decide", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_of_another_site_cannot_decide(talking: TestClient) -> None:
    assert post(talking, "undo", {"version": 0}, **{"Content-Type": "text/plain"}).status_code == 415


def test_the_page_may_run_nothing_but_itself_and_the_description_is_without_it(talking: TestClient) -> None:
    response = talking.get("/review")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
    assert not [path for path in talking.get("/openapi.json").json()["paths"] if "review" in path]
