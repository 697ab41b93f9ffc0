"""Departments as administrators set them up."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from feedback.models import Department
from tests.factories.feedback import DepartmentFactory

pytestmark = pytest.mark.django_db


def test_the_code_of_a_department_stays(admin_client):
    department = DepartmentFactory(code="care")
    page = reverse("admin:feedback_department_change", args=[department.pk])
    form = admin_client.get(page).context["adminform"].form
    assert "code" not in form.fields
    data = {
        **{name: "" if value is None else value for name, value in form.initial.items()},
        "code": "care2",
        "name": "关怀部",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert admin_client.post(page, data).status_code == 302
    department.refresh_from_db()
    assert (department.code, department.name) == ("care", "关怀部")
    with pytest.raises(IntegrityError, match="stays"):
        Department.objects.filter(pk=department.pk).update(code="care2")
