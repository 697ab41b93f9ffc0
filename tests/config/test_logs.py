"""Request ids and the lines that carry them."""

import json
import logging

import pytest
import structlog

from config import logs


def test_an_answer_carries_the_id_that_was_given(client, db):
    assert client.get("/admin/login/", headers={"x-request-id": "abc-12345"})["X-Request-ID"] == "abc-12345"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with space 123", "line\nbreak-1234", "<script>alert</script>"]
)
def test_an_id_that_could_forge_a_line_is_replaced(client, db, given):
    answered = client.get("/admin/login/", headers={"x-request-id": given})["X-Request-ID"]
    assert answered != given
    assert logs.REQUEST_ID.fullmatch(answered)


def test_a_line_names_the_route_not_the_path(client, db):
    with structlog.testing.capture_logs() as lines:
        client.get("/admin/password-of/somebody/?token=secret")
    assert [line["status"] for line in lines if line["event"] == "GET"]
    assert "secret" not in str(lines)
    assert "somebody" not in str(lines)


def test_production_writes_one_json_object_a_line():
    formatting = logs.configure(as_json=True, level="INFO")["formatters"]["line"]
    formatter = formatting.pop("()")(**formatting)
    record = logging.LogRecord("huiyin", logging.INFO, __file__, 1, "工单 %s\nsecond line", ("7",), None)
    line = formatter.format(record)
    assert "\n" not in line
    assert json.loads(line)["event"] == "工单 7\nsecond line"
