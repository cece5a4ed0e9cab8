"""Whatever a client makes of the server's own description: no answer is a mistake of ours, and all are as described."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving import serving
from unfreeze.serve.limits import ServeLimits

EXAMPLES = 20

BYTES_ALONE_MAKE_NO_PICTURE = schemathesis.checks.positive_data_acceptance

OPERATIONS = [
    ("POST", "/v1/predict"),
    ("POST", "/v1/explain"),
    ("GET", "/v1/models"),
    ("GET", "/v1/model"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("POST", "/v1/reload"),
]


@pytest.fixture(scope="module")
def description() -> Iterator[Any]:
    with serving(limits=ServeLimits(pictures=3, queue_pictures=10)) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


def test_all_operations_are_tried(description: Any) -> None:
    described = {(each.ok().method.upper(), each.ok().path) for each in description.get_all_operations()}
    assert described == set(OPERATIONS)


@pytest.mark.filterwarnings("default")  # the library's own
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(description: Any, method: str, path: str) -> None:
    modes = list(schemathesis.GenerationMode)
    cases: st.SearchStrategy[Any] = st.one_of(
        [description[path][method].as_strategy(generation_mode=mode) for mode in modes]
    )

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(cases)
    def asked(case: Any) -> None:
        case.call_and_validate(excluded_checks=[BYTES_ALONE_MAKE_NO_PICTURE])

    asked()
