"""Who may ask, and what every answer says to a browser."""

import httpx2
import pytest

from served import client, png
from serving import serving
from unfreeze.serve import guard
from unfreeze.serve.app import Access
from unfreeze.serve.guard import HEADERS, LOCAL_NAMES, ClientRate
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.problems import MEDIA_TYPE, Problem


@pytest.mark.parametrize("path", ["/", "/health", "/v1/models", "/openapi.json", "/nothing"])
def test_every_response_carries_the_headers(path: str) -> None:
    with client() as talking:
        headers = talking.get(path).headers
    for name, value in HEADERS.items():
        assert name in headers
        if name != "Content-Security-Policy":
            assert headers[name] == value
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert not {name for name in headers if name.startswith("access-control")}


def test_without_the_key_nothing_is_said_of_models_and_pictures() -> None:
    with client(access=Access(key="öffne dich")) as talking:
        for method, path in (
            ("GET", "/v1/models"),
            ("GET", "/metrics"),
            ("POST", "/v1/predict"),
            ("POST", "/v1/reload"),
        ):
            response = talking.request(method, path)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert response.headers["content-type"] == MEDIA_TYPE
        for path in ("/", "/health", "/ready", "/openapi.json"):
            assert talking.get(path).status_code == 200


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("X-API-Key", "open sesame", 200),
        ("Authorization", "Bearer open sesame", 200),
        ("authorization", "bearer open sesame", 200),
        ("Authorization", "Basic open sesame", 401),
        ("X-API-Key", "open sesam", 401),
        ("X-API-Key", "ø", 401),
    ],
)
def test_the_key_is_shown_in_either_header(header: str, value: str, status: int) -> None:
    with client(access=Access(key="open sesame")) as talking:
        assert talking.get("/v1/models", headers={header.encode(): value.encode()}).status_code == status


@pytest.mark.parametrize(("encoding", "status"), [("utf-8", 200), ("latin-1", 200), ("utf-16", 401)])
def test_a_key_beyond_ascii_is_shown_as_programs_and_as_browsers_send_it(encoding: str, status: int) -> None:
    shown = "öffne dich".encode(encoding).replace(b"\0", b"")
    with serving(access=Access(key="öffne dich")) as url:
        assert httpx2.get(f"{url}/v1/models", headers={b"X-API-Key": shown}).status_code == status


def test_a_page_of_another_site_may_not_have_its_visitor_ask() -> None:
    with client() as talking:
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            response = talking.post("/v1/predict", content=png(), headers=headers)
            assert (response.status_code, response.json()["type"]) == (403, "urn:unfreeze:problem:other-site")
        for headers in ({"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}, {}):
            assert talking.post("/v1/predict", content=png(), headers=headers).status_code == 200


def test_a_server_on_this_machine_is_asked_under_its_own_names_only() -> None:
    with client(access=Access(hosts={"testserver", *LOCAL_NAMES})) as talking:
        for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "LOCALHOST"):
            assert talking.get("/health", headers={"Host": host}).status_code == 200
        response = talking.get("/health", headers={"Host": "evil.example:8000"})
    assert (response.status_code, response.json()["type"]) == (403, "urn:unfreeze:problem:unknown-host")


def test_models_are_loaded_anew_from_this_machine_only_unless_there_is_a_key() -> None:
    with client() as talking:  # whose address is "testclient"
        assert talking.post("/v1/reload").status_code == 403
    with client(access=Access(key="key")) as talking:
        assert talking.post("/v1/reload", headers={"X-API-Key": "key"}).status_code == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_again() -> None:
    with client(limits=ServeLimits(requests_per_minute=2)) as talking:
        statuses = [talking.post("/v1/predict", content=png()).status_code for _ in range(3)]
        response = talking.post("/v1/predict", content=png())
        assert talking.get("/v1/models").status_code == 200  # what costs nothing is not counted
    assert statuses == [200, 200, 429]
    assert 1 <= int(response.headers["retry-after"]) <= 31


def test_the_bucket_fills_up_evenly_and_each_client_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    rate = ClientRate(60, now=lambda: now[0])
    for _ in range(60):
        rate.check("a")
    with pytest.raises(Problem, match="come again in 2 seconds") as caught:
        rate.check("a")
    assert caught.value.headers == {"Retry-After": "2"}
    rate.check("b")
    now[0] = 1.0
    rate.check("a")
    with pytest.raises(Problem):
        rate.check("a")
    now[0] = 1000.0
    for _ in range(60):
        rate.check("a")
    with pytest.raises(Problem):
        rate.check("a")


def test_clients_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_CLIENTS", 2)
    rate = ClientRate(1)
    for client_name in ("a", "b", "c"):
        rate.check(client_name)
    rate.check("a")  # forgotten, so it may
    with pytest.raises(Problem):
        rate.check("c")
