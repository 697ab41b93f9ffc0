"""Which variant a member gets of a setting that is under test, and that they got it: once, for good."""

from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from config.common.variants import Content, Kind
from kpis.experiments.rules import arm_of
from kpis.models import Experiment, ExperimentStatus, Exposure


class Trials:
    """What the settings ask (config.common.variants)."""

    def keys(self, kind: Kind, /) -> frozenset[str]:
        """The settings of a kind that are under test now."""
        return frozenset(_running(kind).values_list("key", flat=True))

    def choose(self, kind: Kind, key: str, /, *, member_id: int, at: datetime) -> Content | None:
        """The member's variant; None where no experiment runs. The first time is put on record.

        Both variants are those of the plan: an edit of the setting meanwhile changes neither. Two uses at
        once leave one exposure, as the second waits for the first and finds it there.

        Raises:
            RuntimeError: called outside a transaction.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("an exposure is written in the transaction of the use")
        experiment = _running(kind).filter(key=key).prefetch_related("arms").first()
        if experiment is None:
            return None
        arms = {arm.code: arm for arm in experiment.arms.all()}
        arm = arms[arm_of(experiment.salt, member_id, {code: one.weight for code, one in arms.items()})]
        if not Exposure.objects.filter(experiment=experiment, member=member_id).exists():
            Exposure.objects.bulk_create(
                [Exposure(experiment=experiment, arm=arm, member_id=member_id, at=at)], ignore_conflicts=True
            )
        content: Content = arm.content
        return content


def _running(kind: Kind) -> QuerySet[Experiment]:
    return Experiment.objects.filter(kind=kind.value, status=ExperimentStatus.RUNNING)
