"""What the database refuses, said as the refusal of a rule: the constraints are the rules' last word."""

from functools import cache

import psycopg.errors as pg
from django.apps import apps
from django.db import DatabaseError, models

from config.common.errors import Busy, DomainError, InUse, Invalid, Taken

RETRY_SECONDS = 1
IN_USE = (models.ProtectedError, models.RestrictedError, pg.ForeignKeyViolation, pg.RestrictViolation)


def refusal_of(error: DatabaseError) -> DomainError | None:
    """The refusal that a database error means to a person; None where the error is the program's own."""
    cause = error.__cause__
    if isinstance(error, IN_USE) or isinstance(cause, IN_USE):
        return InUse()
    match cause:
        case pg.UniqueViolation() | pg.ExclusionViolation():
            return Taken()
        case pg.CheckViolation() if cause.diag.constraint_name in _constraints():
            return Invalid(rule=cause.diag.constraint_name)
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return Busy(retry_after=RETRY_SECONDS)
        case pg.DataError(sqlstate=None):  # the driver's, before anything was sent: a text with a NUL
            return Invalid()
    return None


@cache
def _constraints() -> frozenset[str | None]:
    """The names of the constraints that our models declare."""
    return frozenset(constraint.name for model in apps.get_models() for constraint in model._meta.constraints)
