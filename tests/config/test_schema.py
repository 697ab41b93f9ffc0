"""The API's own description."""

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.req("P2")


def test_the_schema_is_drawn_without_a_warning(tmp_path) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


@pytest.mark.django_db
def test_schema_and_docs_are_served(client: Client) -> None:
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"https://" not in page.content.replace(b"https://www.w3.org", b"")
