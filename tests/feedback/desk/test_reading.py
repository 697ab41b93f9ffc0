"""Who reads and writes what, drafts that follow their writer, and colleagues named in notes."""

from datetime import timedelta

import pytest

from feedback.cases import commands, mentions
from feedback.cases.timeline import timeline_of
from feedback.desk import drafts, reading
from feedback.models import Alert, Mention, Reader
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, HandoffFactory
from tests.threads import behind

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]
SECOND = timedelta(seconds=1)


@pytest.fixture
def ours():
    return DepartmentFactory()


@pytest.fixture
def case(ours):
    return CaseFactory(department=ours)


@pytest.fixture
def me(ours):
    return AgentFactory(departments=[ours], user__name="陈晓雯", user__username="chen").user


@pytest.fixture
def mate(ours):
    return AgentFactory(departments=[ours], user__name="赵志强", user__username="zhao").user


def others(case, user, at):
    return [(one.name, one.is_typing) for one in reading.others(case.pk, user, at=at)]


def test_others_are_seen_while_they_are_here(case, me, mate):
    reading.here(case=case, user=mate, typing=False, at=T0)
    reading.here(case=case, user=me, typing=False, at=T0)
    assert others(case, me, T0) == [("赵志强", False)]
    reading.here(case=case, user=mate, typing=True, at=T0 + 5 * SECOND)
    assert others(case, me, T0 + 6 * SECOND) == [("赵志强", True)]
    assert others(case, me, T0 + 20 * SECOND) == [("赵志强", False)]
    assert others(case, me, T0 + 60 * SECOND) == []
    assert Reader.objects.count() == 2


def test_who_leaves_is_gone_at_once(case, me, mate):
    reading.here(case=case, user=mate, typing=False, at=T0)
    reading.gone(case_id=case.pk, user=mate)
    reading.gone(case_id=case.pk, user=mate)
    assert others(case, me, T0) == []


def test_only_news_rings(case, mate, monkeypatch):
    rung = []
    monkeypatch.setattr("config.common.live.publish", lambda *topics: rung.append(topics))
    for second, typing in ((0, False), (20, False), (25, True), (30, True), (40, False), (200, False)):
        reading.here(case=case, user=mate, typing=typing, at=T0 + second * SECOND)
    assert len(rung) == 4  # came, writes, stopped, came again


def test_who_has_long_gone_is_forgotten(case, me):
    reading.here(case=case, user=me, typing=False, at=T0)
    assert reading.forget_old(at=T0 + timedelta(hours=2)) == 1


def test_a_draft_is_its_writers_and_the_newest_counts(case, me, mate):
    drafts.keep(case=case, kind="reply", body="您好", user=me, at=T0 + SECOND)
    drafts.keep(case=case, kind="reply", body="旧的", user=me, at=T0)
    drafts.keep(case=case, kind="note", body="备注", user=me, at=T0)
    assert drafts.keep(case=case, kind="nonsense", body="x", user=me, at=T0) is None
    assert {kind: one.body for kind, one in drafts.drafts_of(case, me).items()} == {
        "reply": "您好",
        "note": "备注",
    }
    assert drafts.drafts_of(case, mate) == {}
    drafts.keep(case=case, kind="reply", body=" ", user=me, at=T0)
    assert set(drafts.drafts_of(case, me)) == {"reply", "note"}  # that it was emptied is older than the text
    drafts.keep(case=case, kind="reply", body=" ", user=me, at=T0 + SECOND)
    drafts.sent(case_id=case.pk, kind="note", user=me, at=T0)
    assert drafts.drafts_of(case, me) == {}


def test_a_text_that_comes_after_it_was_sent_stays_away(case, me, mate):
    drafts.sent(case_id=case.pk, kind="reply", user=me, at=T0 + SECOND)
    drafts.keep(case=case, kind="reply", body="您好", user=me, at=T0)
    assert drafts.drafts_of(case, me) == {}
    drafts.keep(case=case, kind="reply", body="还有一事", user=me, at=T0 + 2 * SECOND)
    assert drafts.drafts_of(case, me)["reply"].body == "还有一事"


@pytest.mark.django_db(transaction=True)
def test_a_text_that_is_kept_while_it_is_sent_stays_away(case, me):
    behind(
        lambda: drafts.keep(case=case, kind="reply", body="您好", user=me, at=T0),
        lambda: drafts.sent(case_id=case.pk, kind="reply", user=me, at=T0 + SECOND),
        meanwhile=lambda: None,
    )
    assert drafts.drafts_of(case, me) == {}


def test_a_draft_is_cut_not_refused(case, me):
    assert len(drafts.keep(case=case, kind="reply", body="长" * 30_000, user=me, at=T0).body) == 20_000


def note(case, body, user, at=T0):
    return commands.note(case_id=case.pk, body=body, actor=user, at=at)


def test_who_is_named_is_alerted_once_and_reads_it(case, me, mate):
    note(case, "@赵志强 请看看，@zhao 也是你，@陈晓雯 是我自己", me)
    assert Mention.objects.get().user == mate
    alert = Alert.objects.get(kind="case.mentioned")
    assert (alert.user, alert.data["name"]) == (mate, "陈晓雯")
    assert mentions.read(case, user=me, at=T0) == 0
    reading.here(case=case, user=mate, typing=False, at=T0 + SECOND)
    assert Mention.objects.get().read_at == T0 + SECOND


def test_only_who_may_see_the_case_can_be_named(case, me):
    asked = DepartmentFactory()
    HandoffFactory(case=case, department=asked)
    there = AgentFactory(departments=[asked], user__name="物流小王").user
    boss = AgentFactory(departments=[DepartmentFactory()], user__role="administrator", user__name="主管").user
    AgentFactory(departments=[DepartmentFactory()], user__name="外人")
    AgentFactory(departments=[case.department], user__name="离职的", user__is_active=False)
    note(case, "@物流小王 @主管 @外人 @离职的 @", me)
    assert {one.user for one in Mention.objects.all()} == {there, boss}


def test_the_longest_name_counts(case, me, ours):
    short, long = (AgentFactory(departments=[ours], user__name=name).user for name in ("王建", "王建国"))
    assert mentions.named_in("@王建国 你好", [short, long]) == [long]
    assert mentions.named_in("@王建 你好 @王建国", [short, long]) == [short, long]
    assert mentions.named_in("a@b.com", [short]) == []
    assert mentions.named_in("@王建", []) == []


def test_what_is_typed_finds_colleagues(case, me, mate):
    assert mentions.offered(case, "志强") == [mate]
    assert mentions.offered(case, "ZHA") == [mate]
    assert set(mentions.offered(case, "")) == {me, mate}
    assert mentions.offered(case, "%") == []


def test_a_reply_names_nobody(case, me, mate):
    commands.reply(case_id=case.pk, body="@赵志强", actor=me, at=T0)
    assert not Mention.objects.exists()


def test_what_happened_is_told_in_words(case, me, mate):
    note(case, "@赵志强 请看看", me)
    texts = [(entry.who, entry.text) for entry in timeline_of(case)]
    assert ("陈晓雯", "在备注中提到了赵志强") in texts
