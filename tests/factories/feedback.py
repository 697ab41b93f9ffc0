"""Rows of the feedback app for tests, and staff with a role in a department. Policies: see sop.py."""

import io
from datetime import timedelta

import factory
import pgtrigger
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from factory.django import DjangoModelFactory
from PIL import Image

from config.common.models import User
from feedback import models
from feedback.defaults.roles import ROLES
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory, OrderLineFactory
from tests.factories.sop import ALWAYS, OFFICE


class CalendarFactory(DjangoModelFactory):
    class Meta:
        model = models.Calendar
        django_get_or_create = ("code",)

    code = "always"
    name = "全天候"
    name_en = "Around the clock"
    content = factory.LazyAttribute(lambda one: OFFICE if "office" in one.code else ALWAYS)


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        model = models.Department
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"department-{n}")
    name = factory.Sequence(lambda n: f"部门{n}")
    name_en = factory.Sequence(lambda n: f"Department {n}")
    calendar = factory.SubFactory(CalendarFactory)


class StaffFactory(UserFactory):
    """A member of staff; `role` is one of feedback.defaults.roles, "" for none."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    @factory.post_generation
    def role(self, create, role):
        if role:
            self.groups.add(group(role))


def group(role: str) -> Group:
    """The group of a role, with its permissions. The others, and what was given, take `seed_roles`: slow."""
    found, is_new = Group.objects.get_or_create(name=ROLES[role].name)
    if is_new:
        names = ROLES[role].permissions
        with pgtrigger.ignore(*HISTORY), connection.cursor() as cursor:
            cursor.execute(GIVE, [found.pk, "*" in names, list(names)])
            assert "*" in names or cursor.rowcount == len(set(names)), f"{role}: a permission does not exist"
    return found


HISTORY = ("common.RolePermission:insert_insert", "common.RolePermission:record_change")
"""Of each permission of a new group, which takes ten times as long as to give them."""
GIVE = """
INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT %s, auth_permission.id
FROM auth_permission JOIN django_content_type ON django_content_type.id = content_type_id
WHERE %s OR app_label || '.' || codename = ANY(%s)
"""


class AgentFactory(DjangoModelFactory):
    """An agent: `departments=[...]` belongs to them, `leads=[...]` leads them, `user__role="agent"`."""

    class Meta:
        model = models.Agent
        skip_postgeneration_save = True

    user = factory.SubFactory(StaffFactory, role="agent")

    @factory.post_generation
    def departments(self, create, departments):
        for department in departments or ():
            models.Membership.objects.create(agent=self, department=department)

    @factory.post_generation
    def leads(self, create, departments):
        for department in departments or ():
            models.Membership.objects.create(agent=self, department=department, is_lead=True)


class CaseFactory(DjangoModelFactory):
    """A case as a row, without events and clocks; use cases.commands.open_case for a real one."""

    class Meta:
        model = models.Case

    member = factory.SubFactory(MemberFactory)
    kind = models.CaseKind.COMPLAINT
    channel = models.Channel.PORTAL
    subject = factory.Sequence(lambda n: f"包裹破损 {n}")
    department = factory.SubFactory(DepartmentFactory)
    opened_at = T0

    class Params:
        resolved = factory.Trait(
            status=models.CaseStatus.RESOLVED,
            resolution=models.Resolution.SOLVED,
            first_replied_at=T0 + timedelta(minutes=5),
            resolved_at=T0 + timedelta(minutes=10),
        )
        closed = factory.Trait(
            resolved=True, status=models.CaseStatus.CLOSED, closed_at=T0 + timedelta(minutes=20)
        )


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = models.Message

    case = factory.SubFactory(CaseFactory)
    author = models.Author.MEMBER
    body = "箱子破了，里面的杯子碎了。"
    at = T0


class HandoffFactory(DjangoModelFactory):
    class Meta:
        model = models.Handoff

    case = factory.SubFactory(CaseFactory, status=models.CaseStatus.WAITING_DEPARTMENT)
    from_department = factory.LazyAttribute(lambda handoff: handoff.case.department)
    department = factory.SubFactory(DepartmentFactory)
    question = "包裹现在在哪里？"
    asked_at = T0
    started_at = factory.LazyAttribute(
        lambda handoff: None if handoff.status == models.HandoffStatus.PLANNED else handoff.asked_at
    )
    status = models.HandoffStatus.OPEN


def picture(name="photo.jpg", size=(40, 30), kind="JPEG", **options) -> SimpleUploadedFile:
    """An uploaded picture; `exif=` puts metadata into it."""
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return SimpleUploadedFile(name, file.getvalue())


class ReviewFactory(DjangoModelFactory):
    """A review as a row, of a line of an order; `portal=True` was written with us."""

    class Meta:
        model = models.Review

    external_id = factory.Sequence(lambda n: f"review-{n}")
    order_line = factory.SubFactory(OrderLineFactory)
    order = factory.LazyAttribute(lambda one: one.order_line.order)
    member = factory.LazyAttribute(lambda one: one.order.member)
    product = factory.LazyAttribute(lambda one: one.order_line.product)
    stars = 5
    text = "杯子很好看，就是有点小。"
    written_at = T0

    class Params:
        portal = factory.Trait(source=models.PORTAL)
