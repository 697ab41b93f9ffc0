"""One database server for all tests: the private one, or DATABASE_URL's."""

import os
from pathlib import Path

import pytest
from django.utils.translation.reloader import translation_file_changed

from config import embedded
from config.common.translations import compile_changed

os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")  # rows of tests need not survive a power cut
embedded.use()
compile_changed()
translation_file_changed(None, Path("django.mo"))  # Django read the old ones before it came here


def pytest_configure() -> None:
    from django.conf import settings

    from config.celery import app

    app.set_default()
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AXES_ENABLED = False


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let tests with transactions of their own empty the tables afterwards, by TRUNCATE."""
    import pgtrigger

    with django_db_blocker.unblock():
        pgtrigger.disable("common.Event:no_truncate", "common.Seal:no_truncate")
