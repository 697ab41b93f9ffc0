"""How long a policy gives a milestone of a case."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.models import User
from config.common.spans import work_span
from config.common.variants import Content
from feedback.models import Clock, Milestone, Policy
from feedback.sops.changing import set_target
from feedback.sops.queries import book
from feedback.sops.rules import Rule, Target
from kpis.experiments.kinds.setting import Asked, SettingKind
from kpis.experiments.met import Trace
from kpis.models import Tested

MOST_MINUTES = 60 * 24 * 60
MINUTE = 60


def _targets() -> list[tuple[Rule, str, Target]]:
    """Those of cases: the clock of a review without a case is everybody's who reads it."""
    return [
        (rule, milestone, target)
        for rule in book().rules
        if rule.is_active
        for milestone, target in rule.targets.items()
        if milestone != Milestone.REVIEW_REPLY
    ]


def _listed() -> list[tuple[str, str]]:
    return [
        (f"{rule.code}:{milestone}", f"{rule.name} · {Milestone(milestone).label}")
        for rule, milestone, _target in _targets()
    ]


def _now(key: str) -> Content | None:
    return next(
        (
            {"seconds": int(target.within.total_seconds())}
            for rule, milestone, target in _targets()
            if f"{rule.code}:{milestone}" == key
        ),
        None,
    )


def _asks(content: Content) -> list[Asked]:
    return [Asked("minutes", _("within (minutes of working time)"), str(content["seconds"] // MINUTE))]


def _parse(_content: Content, given: Mapping[str, Any]) -> Content:
    try:
        minutes = int(str(given.get("minutes", "")))
    except ValueError as error:
        raise Invalid(_("Write a number of minutes."), field="minutes") from error
    if not 0 < minutes <= MOST_MINUTES:
        raise Invalid(_("Write a number of minutes, 60 days at most."), field="minutes")
    return {"seconds": minutes * MINUTE}


def _said(content: Content) -> str:
    return work_span(timedelta(seconds=content["seconds"]))


def _trace(key: str) -> Trace:
    code, _colon, milestone = key.rpartition(":")
    clocks = Clock.objects.filter(policy_version__policy__code=code, milestone=milestone)
    return Trace(clocks, "case__member", "started_at")


def _hold(key: str) -> None:
    code, _colon, _milestone = key.rpartition(":")
    Policy.objects.select_for_update(no_key=True).filter(code=code).first()


def _write(key: str, content: Content, because: str, actor: User | None, at: datetime) -> str:
    code, _colon, milestone = key.rpartition(":")
    within = timedelta(seconds=content["seconds"])
    return str(set_target(code=code, milestone=milestone, within=within, because=because, actor=actor, at=at))


KIND = SettingKind(Tested.TARGET, _listed, _now, _asks, _parse, _said, _trace, _hold, _write)
