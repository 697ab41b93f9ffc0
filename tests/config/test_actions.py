"""Who may do what with rows of the administration, and who may take which list out: walked as every role.

Generated from the registry: a new action or list fails `test_every_action_is_in_the_table` or
`test_every_list_is_in_the_table` until somebody has said here who may use it.
"""

from collections.abc import Iterator
from functools import wraps
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from compensation.models import Batch
from config.common.browsing import Browsed
from config.common.registry import PAGES
from feedback.admin.list_files import LISTS
from feedback.models import Clock, Crisis, QualityCheck
from tests.config.test_permissions import (
    ADMIN,
    LEADERS,
    MODELS,
    OURS,
    STAFF,
    SUPERVISORS,
    clients_of,
    draw_nothing,
    make_house,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("P1")]

TAKERS = LEADERS | {"analyst", "finance"}
"""Who may take lists out at all; of each only those who see its page."""
SEES_ALL = ADMIN
ELSEWHERE = {"supervisor elsewhere", "agent elsewhere"}

ACTIONS = {
    "feedback.case:close_selected": OURS,
    "feedback.case:accept_suggestions": OURS,
    "feedback.legalhold:lift_selected": SUPERVISORS,
    "feedback.review:pick_selected": SUPERVISORS | {"moderator"},
    "feedback.review:hold_selected": SUPERVISORS | {"moderator"},
    "feedback.channelmessage:into_case": LEADERS - {"supervisor elsewhere"},
    "feedback.mailbox:try_out": ADMIN,
    "feedback.mailbox:save_and_try": ADMIN,
    "feedback.webhooksource:make_key": ADMIN,
    "feedback.webhookkey:end": ADMIN,
    "feedback.article:publish_selected": SUPERVISORS,
    "feedback.article:retire_selected": SUPERVISORS,
    "feedback.policy:save_as_draft": ADMIN,
    "surveys.response:tie_selected": {"supervisor", "analyst", *ADMIN},
    "compensation.budget:copy_on": {"finance", *ADMIN},
    "compensation.grant:approve": {"team_lead", "supervisor", "finance", *ADMIN},
    "compensation.grant:refuse": {"team_lead", "supervisor", "finance", *ADMIN},
    "compensation.grant:take_back": {"team_lead", "supervisor", "finance", *ADMIN},
    "compensation.delegation:end": {"team_lead", "supervisor", *ADMIN},
    "compensation.grant:was_sent": {"finance", *ADMIN},
    "compensation.grant:not_sent": {"finance", *ADMIN},
    "compensation.grant:was_lost": {"finance", *ADMIN},
    **{
        f"compensation.refundorder:{name}": {"finance", *ADMIN}
        for name in ("settle", "ask_again", "try_again", "hand_over", "give_up")
    },
    "compensation.coupon:revoke": SUPERVISORS | {"finance"},
    "common.outboxmessage:retry": ADMIN,
    **{
        f"django_celery_beat.periodictask:{name}_tasks": ADMIN
        for name in ("run", "toggle", "enable", "disable")
    },
}
"""Who gets to do it with the row that the house has. Deleting goes by the table of models."""

PAGE_LISTS = {
    "desk_export": LEADERS,
    "posts_export": LEADERS | {"analyst"},
    "breaches_export": LEADERS | {"analyst"},
    "achieved_export": LEADERS | {"analyst"},
    "handoffs_export": LEADERS | {"analyst"},
    "handoff_report_export": LEADERS | {"analyst"},
    "pauses_export": SUPERVISORS,
    "quality_export": LEADERS,
    "care_export": SUPERVISORS | {"analyst", "finance"},
    "segments_export": SUPERVISORS | {"analyst"},
    "reviews_export": LEADERS | {"analyst"},
    "appraisal_file": ADMIN,
}
"""Lists of our own pages that have an address of their own."""
LISTED = {
    "board-clocks": LEADERS | {"analyst"},
    "requests": SUPERVISORS | {"finance"},
    "playbooks": LEADERS | {"analyst"},
    "articles": LEADERS | {"analyst"},
    "gap-scenes": LEADERS | {"analyst"},
    "hot-spots": LEADERS | {"analyst"},
    "crisis-report": LEADERS | {"analyst"},
    "findings": SUPERVISORS | {"analyst"},
    "voices": LEADERS | {"analyst"},
    "quality-agents": LEADERS,
    "calibration": LEADERS,
    "coaching": LEADERS,
    "changes": SUPERVISORS,
    "batch": LEADERS | {"finance"},
    "finance": SUPERVISORS | {"finance"},
    "finance-reasons": SUPERVISORS | {"finance"},
    "finance-promised": SUPERVISORS | {"finance"},
}
"""Lists of our own pages that have one address for all."""
QUERY = {"board-clocks": "?state=running", "quality_export": "?tab=waiting"}
NARROWED = {"feedback.channelmessage": "?outcome=all"}
"""Lists that show a part of the rows unless asked otherwise."""
COMPANYWIDE = {"feedback.gap"}
"""Lists that name cases of all departments by their number alone, as the pages do."""


def labels() -> Iterator[tuple[str, Any]]:
    for model, model_admin in admin.site._registry.items():
        yield model._meta.label_lower, model_admin


def declared(model_admin: Any) -> set[str]:
    """The names of everything that can be done with rows, whoever may."""
    kinds = ("actions", "actions_row", "actions_detail", "actions_submit_line")
    return {str(one) for kind in kinds for one in (getattr(model_admin, kind, None) or ())}


def is_button(model_admin: Any, name: str) -> bool:
    """Whether it stands beside the button that saves a row."""
    return name in (getattr(model_admin, "actions_submit_line", None) or ())


def exports() -> Iterator[tuple[str, str, set[str]]]:
    """Every list that can be taken out: its name, its address as CSV, and who may."""
    for label, model_admin in labels():
        if not isinstance(model_admin, Browsed):
            continue
        who = MODELS[label].view & TAKERS
        name = f"admin:{label.replace('.', '_')}_export_csv"
        yield label, reverse(name), LEADERS if label == "feedback.case" else who
    for name, who in PAGE_LISTS.items():
        yield name, reverse(f"admin:{name}", args=["csv"]) + QUERY.get(name, ""), who
    for name, who in LISTED.items():
        yield name, reverse("admin:list_export", args=[name, "csv"]) + asked_for(name), who


def asked_for(name: str) -> str:
    """What the address of a list has to say besides."""
    match name:
        case "batch":
            return f"?batch={Batch.objects.get().pk}"
        case "crisis-report":
            return f"?crisis={Crisis.objects.get().pk}"
    return QUERY.get(name, "")


def test_every_action_is_in_the_table():
    found = {f"{label}:{name}" for label, model_admin in labels() for name in declared(model_admin)}
    assert found == set(ACTIONS)


def test_every_list_is_in_the_table():
    of_pages = {page.name for page in PAGES if "<slug:kind>" in page.path} - {
        "list_export",
        "roster-template",
    }
    assert of_pages == set(PAGE_LISTS)
    assert set(LISTS) == set(LISTED)
    for label, model_admin in labels():
        listed = set(getattr(model_admin, "actions_list", None) or ())
        assert listed == ({"export_csv", "export_xlsx"} if isinstance(model_admin, Browsed) else set()), label


class Done:
    """What actions were called with, by whom."""

    def __init__(self, monkeypatch: Any) -> None:
        self.rows: list[Any] = []
        for label, model_admin in labels():
            for name in declared(model_admin):
                self._watch(monkeypatch, type(model_admin), name, f"{label}:{name}")

    def _watch(self, monkeypatch: Any, owner: Any, name: str, key: str) -> None:
        known = getattr(owner, name)

        @wraps(known)
        def watched(model_admin: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            rows = args[0] if args else None
            self.rows.append((key, list(rows) if hasattr(rows, "model") and hasattr(rows, "all") else rows))
            return known(model_admin, request, *args, **kwargs)

        monkeypatch.setattr(owner, name, watched)


def filled(response: Any) -> dict[str, Any]:
    """What a change form would send if nobody touched it."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data: dict[str, Any] = {}
    for form in forms:
        for field in form:
            value = field.value()
            if hasattr(field.field.widget, "decompress"):
                parts = field.field.widget.decompress(value) if not isinstance(value, list) else value
                data |= {f"{field.html_name}_{n}": one or "" for n, one in enumerate(parts)}
            elif value not in (None, False):
                data[field.html_name] = value if isinstance(value, list) else str(value)
    return data


def ask(client: Client, label: str, name: str, model_admin: Any, row: Any, sent: dict[str, Any]) -> int:
    base = f"admin:{label.replace('.', '_')}"
    with transaction.atomic():
        if is_button(model_admin, name):
            path = reverse(f"{base}_change", args=[row.pk])
            button = model_admin.get_unfold_action(name).action_name
            response = client.post(path, {**sent, button: "1"})
        else:
            data = {"action": name, "_selected_action": [row.pk], "post": "yes"}
            response = client.post(reverse(f"{base}_changelist") + NARROWED.get(label, ""), data)
        transaction.set_rollback(True)
    return response.status_code


def test_actions_are_done_by_whom_the_table_says(monkeypatch):
    monkeypatch.setattr("feedback.channels.email.trying.try_out", lambda *_args, **_more: [])
    people, _case = make_house()
    assert set(people) == STAFF
    done, clients, wrong = Done(monkeypatch), clients_of(people), []
    for label, model_admin in labels():
        row = model_admin.model._default_manager.order_by("pk").first()
        for name in sorted(declared(model_admin)):
            sent: dict[str, Any] = {}
            if is_button(model_admin, name):
                path = reverse(f"admin:{label.replace('.', '_')}_change", args=[row.pk])
                sent = filled(clients["superuser"].get(path))
            for who, client in clients.items():
                done.rows.clear()
                status = ask(client, label, name, model_admin, row, sent)
                did = any(key == f"{label}:{name}" and rows not in ([], None) for key, rows in done.rows)
                if status >= 500 or did is not (who in ACTIONS[f"{label}:{name}"]):
                    wrong.append(f"{who}: {label}:{name} -> {status}, did {did}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_deleting_many_goes_by_the_table_of_models(monkeypatch):
    people, _case = make_house()
    draw_nothing(monkeypatch)  # what a page says of itself is enough
    clients, wrong = clients_of(people), []
    for label, model_admin in labels():
        row = model_admin.model._default_manager.order_by("pk").first()
        for who, client in clients.items():
            with transaction.atomic():
                data = {"action": "delete_selected", "_selected_action": [row.pk]}
                response = client.post(reverse(f"admin:{label.replace('.', '_')}_changelist"), data)
                transaction.set_rollback(True)
            asks = "delete_selected" in str(getattr(response, "template_name", ""))
            lacking = response.context_data["perms_lacking"] if asks else ()
            asked = asks and str(model_admin.opts.verbose_name) not in map(str, lacking)
            if asked is not (who in MODELS[label].delete):
                wrong.append(f"{who}: {label} -> {response.status_code}, {asked}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_lists_are_taken_out_by_whom_the_table_says_and_hold_no_other_departments_cases():
    people, case = make_house()
    assert Clock.objects.filter(case=case).exists()
    assert QualityCheck.objects.exists()
    clients, wrong = clients_of(people), []
    clients["anonymous"] = Client()
    for name, path, may in exports():
        for who, client in clients.items():
            response = client.get(path)
            got = response.status_code == 200 and "attachment" in response.get("Content-Disposition", "")
            if response.status_code >= 500 or got is not (who in may):
                wrong.append(f"{who}: {name} {path} -> {response.status_code}")
            elif got and who in ELSEWHERE and name not in COMPANYWIDE:
                text = b"".join(response).decode()
                if case.number in text:
                    wrong.append(f"{who}: {name} names the case of another department")
    assert not wrong, "\n".join(wrong)
