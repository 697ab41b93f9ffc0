"""A browser for tests: the system's Chromium, without the network."""

import os
import shutil

import pytest

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE, LONGER = 20_000, 60_000
"""Milliseconds until what is expected has come, and a page: a busy machine is no failure."""


class Patient:
    """A browser whose pages wait long enough on a busy machine."""

    def __init__(self, browser):
        self.browser = browser

    def new_context(self, **options):
        context = self.browser.new_context(**options)
        context.set_default_timeout(LONGER)
        return context

    def another(self):
        """A browser of its own, which somebody may kill."""
        return Patient(self.browser.browser_type.launch(executable_path=system_chromium(), args=ARGS))

    def __getattr__(self, name):
        return getattr(self.browser, name)


def system_chromium():
    """Where Chromium is; nothing where it is not."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def chromium():
    path = system_chromium()
    if not path:
        if os.environ.get("TEST_ALL"):
            pytest.fail("Chromium is missing")
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs a loop in the test's own thread
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGS)
        yield Patient(browser)
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def shots(tmp_path):
    """A folder for pictures; SHOTS=folder keeps them."""
    return os.environ.get("SHOTS") or tmp_path
