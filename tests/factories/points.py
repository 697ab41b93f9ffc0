"""The rules for earning points, and the books that they move."""

from datetime import timedelta
from decimal import Decimal

from compensation.defaults import points
from compensation.ledger import queries
from compensation.models import EarningRule, EarningVersion
from compensation.points import commands
from tests.factories.money import AT

DAY = timedelta(days=1)


def rules(at=AT - 30 * DAY):
    """The rules that ship, in force since a month ago."""
    points.seed(at)


def say(code, *, at=AT, **terms):
    """Have a rule say something else from now on."""
    rule = EarningRule.objects.get(code=code)
    terms = {"points": None if "per_yuan" in terms else 10, **terms}
    return commands.save_earning_rule(rule=rule, version=EarningVersion(**terms), actor=None, at=at)


def a_yuan(rate=1, **terms):
    """So many points for each yuan, usable at once and for ever unless said otherwise."""
    return say("purchase", per_yuan=Decimal(str(rate)), **terms)


def held(member, at=AT):
    """Available, pending and owed points."""
    has = queries.holding(member, at)
    return has.available, has.pending, has.owed
