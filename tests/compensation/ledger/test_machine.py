"""Whatever is done to the books, in whatever order, they agree with themselves and with a plain reckoning."""

from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from compensation.ledger import queries
from compensation.ledger.check import differences
from compensation.ledger.commands import AlreadyReversed, InsufficientBalance, post, reverse, withdraw
from compensation.ledger.expiry import expire_due
from compensation.ledger.many import Gift, give_many
from compensation.ledger.rules import LotTerms, given, taken
from compensation.models import AccountKind, Entry, Lot, Transaction, Unit
from config.common.errors import Invalid
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT

DAY = timedelta(days=1)
few = st.integers(1, 30)
someone = st.integers(0, 1)


class Books(RuleBasedStateMachine):
    """Two members; every act of the ledger, at moments that go on."""

    transactions = Bundle("transactions")

    @initialize()
    def begin(self):
        self.members = MemberFactory.create_batch(2)
        self.keys = (f"machine:{number}" for number in count())
        self.at = AT

    @rule(days=st.integers(1, 9))
    def wait(self, days):
        self.at += days * DAY

    @rule(target=transactions, who=someone, amount=few, usable=st.integers(0, 5), lasts=st.integers(0, 20))
    def give(self, who, amount, usable, lasts):
        begins = self.at + usable * DAY
        terms = LotTerms(begins, begins + lasts * DAY if lasts else None)
        moves = given(Unit.POINTS, amount, member_id=self.members[who].pk)
        return self.post("given", moves, terms)

    @rule(target=transactions, amount=few)
    def give_to_all(self, amount):
        key = next(self.keys)
        gifts = [Gift(f"{key}:{member.pk}", member.pk, amount) for member in self.members]
        give_many(unit=Unit.POINTS, kind="m", gifts=gifts, actor=None, at=self.at)
        return multiple(*Transaction.objects.filter(key__startswith=f"{key}:"))

    @rule(target=transactions, who=someone, amount=few)
    def spend(self, who, amount):
        member = self.members[who]
        before = queries.holding(member, self.at)
        moves = taken(Unit.POINTS, amount, member_id=member.pk, into=AccountKind.SPENT)
        try:
            with transaction.atomic():
                posted = self.post("spent", moves)
        except InsufficientBalance:
            assert before.available < amount
            return multiple()
        assert before.available >= amount
        assert queries.holding(member, self.at).available == before.available - amount
        return posted

    @rule(target=transactions, who=someone, amount=few)
    def swap_for_a_coupon(self, who, amount):
        member = self.members[who].pk
        moves = [
            *taken(Unit.POINTS, amount, member_id=member, into=AccountKind.SPENT),
            *given(Unit.COUPON, amount, member_id=member),
        ]
        try:
            with transaction.atomic():
                return self.post("swapped", moves)
        except InsufficientBalance:
            return multiple()

    @rule(posted=transactions, owe=st.booleans())
    def undo(self, posted, owe):
        try:
            with transaction.atomic():
                reverse(posted=posted, key=next(self.keys), actor=None, at=self.at, owe=owe)
        except (AlreadyReversed, InsufficientBalance):
            return

    @rule(number=st.integers(0, 50), amount=few)
    def take_back(self, number, amount):
        lots = list(Lot.objects.order_by("pk"))
        if not lots:
            return
        lot = lots[number % len(lots)]
        others = dict(Lot.objects.exclude(pk=lot.pk).values_list("pk", "remaining"))
        try:
            with transaction.atomic():
                withdraw(lot_id=lot.pk, amount=amount, key=next(self.keys), kind="b", actor=None, at=self.at)
        except Invalid:
            assert amount > lot.amount - lot.withdrawn
        else:
            assert amount <= lot.amount - lot.withdrawn
        assert dict(Lot.objects.exclude(pk=lot.pk).values_list("pk", "remaining")) == others

    @rule(number=st.integers(0, 50))
    def take_all_back(self, number):
        """All that was earned can always be taken back, whatever became of it."""
        lots = list(Lot.objects.order_by("pk"))
        if lots and (left := (lot := lots[number % len(lots)]).amount - lot.withdrawn):
            withdraw(lot_id=lot.pk, amount=left, key=next(self.keys), kind="b", actor=None, at=self.at)

    @rule()
    def expire(self):
        expire_due(at=self.at)
        assert not Lot.objects.filter(remaining__gt=0, expires_at__lte=self.at).exists()

    @invariant()
    def the_books_agree(self):
        assert list(differences()) == []

    @invariant()
    def every_entry_is_where_it_was(self):
        """What was posted stays as it was: the same number of each, and gapless."""
        for member in getattr(self, "members", ()):
            numbers = list(queries.statement(member).values_list("version", flat=True))
            assert numbers == list(range(len(numbers), 0, -1))

    @invariant()
    def what_was_given_is_held_in_lots(self):
        """Each gift is one lot of all that was given, also where a part of it repaid what was owed."""
        for posted in Transaction.objects.filter(kind__in=["given", "m"]):
            came = -posted.entries.get(account__kind=AccountKind.ISSUED).amount
            assert Lot.objects.get(entry__transaction=posted).amount == came

    @invariant()
    def nobody_falls_below_nothing(self):
        assert not Entry.objects.filter(account__kind=AccountKind.MEMBER, balance_after__lt=0).exists()
        assert not Entry.objects.filter(account__kind=AccountKind.OWED, balance_after__gt=0).exists()

    def post(self, kind, moves, terms=None):
        return post(key=next(self.keys), kind=kind, moves=moves, actor=None, at=self.at, terms=terms)


class InTransaction(Books):
    """Each run on a database of its own: what it did is rolled back."""

    def __init__(self):
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)
        connection.close_if_unusable_or_obsolete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("C4")
def test_the_books_agree_whatever_is_done():
    InTransaction.TestCase.settings = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    InTransaction.TestCase().runTest()
