import pytest

from tests.factories.sop import make_policy


@pytest.fixture
def policy_of():
    """Put a policy in force on a department's calendar."""
    return lambda department: make_policy(calendar=department.calendar)
