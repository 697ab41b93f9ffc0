import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.common.models import OutboxMessage
from feedback.models import Alert, DigestLine
from feedback.org.alerts import alert, say
from feedback.org.digests import gather
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, StaffFactory

pytestmark = pytest.mark.django_db

TITLE = _("Case %(number)s was reopened")


def test_each_is_alerted_once_for_one_reason_on_the_desk_and_in_a_letter():
    case, users = CaseFactory(), StaffFactory.create_batch(2)
    for _again in range(2):
        alert(users=[*users, users[0]], case=case, kind="case.reopened", key="k", title=TITLE, at=T0)
    assert Alert.objects.count() == 2
    assert DigestLine.objects.count() == 2
    assert gather(T0) == 2
    letters = OutboxMessage.objects.filter(kind="alerts")
    assert sorted(one.recipient for one in letters) == sorted(f"user:{user.pk}" for user in users)
    assert not DigestLine.objects.exists()


def test_alert_speaks_the_language_of_who_reads_it():
    case, user = CaseFactory(), StaffFactory()
    with translation.override("zh-hans"):
        alert(users=[user], case=case, kind="case.reopened", key="k", title=TITLE, at=T0)
    with translation.override("en"):
        assert say(user.alerts.get()) == f"Case {case.number} was reopened"
    with translation.override("zh-hans"):
        assert say(user.alerts.get()) == f"工单 {case.number} 被重新打开"
    assert say(Alert(kind="other", data={})) == ""
