"""A database server for the tests: a private one, or DATABASE_URL's."""

import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import TransactionTestCase
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed
from django_prometheus.middleware import Metrics
from hypothesis import HealthCheck, settings

from config import embedded, pgserver
from config.common import live
from config.common.translations import compile_changed
from tests import emptying, schema

compile_changed()
translation_file_changed(None, Path("django.mo"))  # Django read the old ones before it came here

# A busy machine is no failure, and what every change must pass speaks of the change, not of luck:
# `make test` searches at random, `make test-all` looks at the same examples each time.
settings.register_profile(
    "house",
    deadline=None,
    derandomize="TEST_ALL" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        return  # the workers test, this process only collects what they say
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
    pgserver.OPTIONS.update(quick)  # rows of tests need not survive a power cut
    embedded.use()
    if not os.environ.get("DATABASE_URL"):
        schema.prepare()

    from config.celery import app

    app.set_default()


TransactionTestCase._fixture_teardown = emptying.emptied


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is still at it when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin in the shop's language: a test client leaves behind the language of its last request."""
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let tests with transactions of their own empty the tables afterwards, by TRUNCATE."""
    import pgtrigger

    Metrics.get_instance()  # two first requests at one moment would name its counters twice
    with django_db_blocker.unblock():
        pgtrigger.disable("common.Event:no_truncate", "common.Seal:no_truncate")
        emptying.remember()
    yield
    live.stop()  # its line would keep the database from being dropped


@pytest.fixture(scope="module")
def shipped(django_db_setup, django_db_blocker):
    """What ships, made once for a module whose tests have no transactions of their own."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed_defaults")
        yield
        transaction.set_rollback(True)
