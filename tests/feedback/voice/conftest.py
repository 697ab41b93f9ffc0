"""What the tests of reviews' words and figures share."""

import pytest

from feedback.voice import days


@pytest.fixture
def keep(db):
    """Take up everything that came or changed."""

    def taken() -> None:
        while days.catch_up():
            pass

    return taken
