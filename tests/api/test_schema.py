"""The schema held against the server: schemathesis makes requests that fit it, and requests that do not."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as conformance

import duecourse.store  # noqa: F401  sets Django up
from duecourse.api.urls import api
from tests.api.conftest import Day, Served

EXAMPLES: Final = 25  # of each address, beside those that cover each bound of the schema
CHECKS: Final = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
    conformance.negative_data_rejection,
    conformance.missing_required_header,
    conformance.unsupported_method,
    conformance.ignored_auth,
]
SCHEMA: Final = schemathesis.openapi.from_dict(dict(api.get_openapi_schema(path_prefix="")))
assert len(list(SCHEMA.get_all_operations())) == 6


@pytest.fixture
def unchanged(day: Day) -> Iterator[None]:
    """Hold the store to what it was: nothing here is signed."""
    day.message("k1", "email")
    before = day.rows()
    yield
    assert day.rows() == before


def answers(method: str, path: str) -> Callable[..., None]:
    """Return the test of one operation: each has a name of its own, by which it is given to one core once."""

    @SCHEMA.include(method=method, path=path).parametrize()
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @pytest.mark.usefixtures("unchanged")
    def every_answer_is_as_documented(case: schemathesis.Case[Any], served: Served) -> None:
        if case.path == "/webhooks/{channel}" and case.path_parameters:
            case.path_parameters["channel"] = "sms"  # the one that is set: any other is not there
        response = case.call(base_url=served.url, timeout=10)
        case.validate_response(response, checks=CHECKS)

    found: Callable[..., None] = every_answer_is_as_documented
    return found


test_a_webhook_answers_as_is_documented = answers("POST", "/webhooks/{channel}")
test_health_answers_as_is_documented = answers("GET", "/healthz")
test_metrics_answer_as_is_documented = answers("GET", "/metrics")
test_the_page_to_unsubscribe_answers_as_is_documented = answers("GET", "/unsubscribe/{token}")
test_unsubscribing_answers_as_is_documented = answers("POST", "/unsubscribe/{token}")
test_the_endings_of_a_loan_answer_as_is_documented = answers("GET", "/loans/{loan_id}/endings")
