"""The settings, changed for tests. Each worker of xdist has a folder and a database server of its own.

One server for all would not do: what a reader of the event log may see yet depends on every open transaction
of the server, so the workers would disturb each other.
"""

import os
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["DATA_DIR"] = str(Path(__file__).resolve().parent.parent / ".data" / f"tests-{WORKER}")

from config.pgserver import DATABASE  # noqa: E402
from config.settings import *  # noqa: E402, F403 -- the folder is chosen first

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
INTERNAL_HOSTS = ["127.0.0.1"]  # where the tests have their servers
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 -- WhiteNoise warns without it
if "DATABASE_URL" not in os.environ:
    DATABASES["default"]["TEST"] = {"TEMPLATE": DATABASE}  # noqa: F405 -- see tests.schema
