"""Where reviews and posts are written has names."""

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from feedback.admin.post_forms import PostFilterForm
from feedback.channels import places
from feedback.models import Channel, WebhookSource

pytestmark = pytest.mark.django_db


def shown(code, request):
    return Template("{% load sources %}{% source_name code %}").render(
        Context({"code": code, "request": request})
    )


def test_places_are_called_as_people_know_them(django_assert_num_queries):
    WebhookSource.objects.create(code="weibo", name="官方微博", channel=Channel.SOCIAL)
    request = RequestFactory().get("/")
    with translation.override("zh-hans"), django_assert_num_queries(1):  # a page, however many rows
        assert shown("weibo", request) == "官方微博"  # as it was named here
        assert shown("douyin", request) == "抖音"
        assert shown("portal", request) == "会员门户"
        assert shown("elsewhere", request) == "elsewhere"


def test_a_list_is_narrowed_to_places_with_and_without_a_name():
    form = PostFilterForm(QueryDict("source=elsewhere"))
    assert form.is_valid()
    assert form.cleaned_data["source"] == "elsewhere"
    assert {"portal", "weibo"} <= {code for code, _name in form.fields["source"].widget.choices}
    assert "weibo" in places.names()
