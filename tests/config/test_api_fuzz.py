"""The API against its own schema: whatever is sent, it answers as described and never breaks."""

from io import BytesIO

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from config.common import webhooks
from config.wsgi import application
from feedback.cases import commands
from feedback.handoffs import commands as handoffs
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.orders import CouponFactory, NoticeFactory, OrderFactory, OrderLineFactory, give_points
from tests.factories.session import token_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2")]
load_all_checks()
WANTED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)
CSRF = "x" * 32
SECRET = webhooks.new_secret()


def signed(app):
    """The application, asked by a shop that signs whatever it sends."""

    def sign(environ, start_response):
        if "/shop/" in environ["PATH_INFO"]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
            key = environ.get("HTTP_IDEMPOTENCY_KEY") or "fuzz"
            for name, value in webhooks.sign([SECRET], message_id=key, at=timezone.now(), body=body).items():
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return app(environ, start_response)

    return sign


schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = signed(application)


@pytest.fixture(autouse=True)
def one_connection(settings):
    """A request ends without closing the test's connection, and nobody asks too often."""
    settings.SHOP_API_SECRETS = [SECRET]
    settings.API_REQUESTS_A_MINUTE = {"read": 10**6, "write": 10**6}
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def house(db):
    """A member, a case, an agent, and something in every list; the requests' headers and cookies."""
    department = DepartmentFactory(takes_new=True)
    other = DepartmentFactory()
    make_policy(calendar=department.calendar)
    member = MemberFactory()
    order = OrderFactory(member=member)
    OrderLineFactory(order=order)
    CouponFactory(member=member)
    NoticeFactory(member=member)
    give_points(member, 5)
    user = AgentFactory(departments=[department]).user
    now = timezone.now()
    case = commands.open_case(
        member=member,
        kind="complaint",
        channel="app",
        subject="碎了",
        body="碎了",
        attachments=[picture()],
        actor=member,
        at=now,
    )
    handoffs.hand_over(case_id=case.pk, department_id=other.pk, question="？", actor=user, at=now)
    staff = Client()
    staff.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookies = {"sessionid": staff.cookies["sessionid"].value, "csrftoken": CSRF}
    return {"member": member, "staff": cookies}


@schema.parametrize()
@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_its_schema_says(case, house):
    if "/staff/" in case.operation.path:
        answer = case.call(cookies=house["staff"], headers={"X-CSRFToken": CSRF})
    else:
        answer = case.call(headers={"Authorization": f"Bearer {token_of(house['member'])}"})
    case.validate_response(answer, checks=WANTED)
