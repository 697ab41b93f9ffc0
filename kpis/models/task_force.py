"""Task forces: who is in one, its meetings with an agenda from the numbers, and what they decided."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Department
from kpis.models.deadline import Rung, Step
from kpis.models.presence import Presence

NAMED, SAID, WORDS = 120, 500, 10_000
SUNDAY = 6
WEEKDAYS = [
    (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")),
    (5, _("Saturday")), (6, _("Sunday")),
]  # fmt: skip


class TaskForce(models.Model):
    """People of several departments who meet every week about what falls short.

    It and all that hangs on it changes only through kpis.task_force.
    """

    name = models.CharField(_("name"), max_length=NAMED)
    weekday = models.PositiveSmallIntegerField(
        pgettext_lazy("task force", "meets on"),
        choices=WEEKDAYS,
    )
    is_active = models.BooleanField(pgettext_lazy("task force", "meets"), default=True)

    class Meta:
        verbose_name = _("task force")
        verbose_name_plural = _("task forces")
        permissions = [("see_all_task_forces", "Can see all task forces")]
        constraints = [models.CheckConstraint(name="taskforce_weekday", condition=Q(weekday__lte=SUNDAY))]

    def __str__(self) -> str:
        return self.name


class PartIn(models.TextChoices):
    """What somebody is in a task force."""

    LEADER = "leader", pgettext_lazy("task force", "leader")
    MEMBER = "member", pgettext_lazy("task force", "member")
    KEEPER = "minutes", pgettext_lazy("task force", "keeps the minutes")


class TaskForceMember(models.Model):
    """Somebody in a task force, for a department. One leads it, one may keep its minutes."""

    task_force = models.ForeignKey(TaskForce, models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("task force", "who"),
        related_name="task_forces",
    )
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    part = models.CharField(
        pgettext_lazy("task force", "part"), max_length=7, choices=PartIn, default=PartIn.MEMBER
    )

    class Meta:
        verbose_name = _("member of a task force")
        verbose_name_plural = _("members of task forces")
        ordering = ["part", "pk"]
        constraints = [
            models.CheckConstraint(name="taskforcemember_part", condition=Q(part__in=PartIn.values)),
            models.UniqueConstraint(name="taskforcemember_once", fields=["task_force", "user"]),
            models.UniqueConstraint(
                name="taskforcemember_one_leader", fields=["task_force"], condition=Q(part="leader")
            ),
            models.UniqueConstraint(
                name="taskforcemember_one_keeper", fields=["task_force"], condition=Q(part="minutes")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}"


class MeetingState(models.TextChoices):
    """How far a meeting is."""

    CALLED = "called", pgettext_lazy("task force", "called")
    BEGUN = "begun", pgettext_lazy("task force", "under way")
    ENDED = "ended", pgettext_lazy("task force", "ended")
    OFF = "off", pgettext_lazy("task force", "called off")


class Meeting(models.Model):
    """A meeting of a task force. Its agenda is made when it begins and stays as it was then."""

    task_force = models.ForeignKey(TaskForce, models.PROTECT, related_name="meetings", db_index=False)
    on = models.DateField(pgettext_lazy("task force", "on"))
    planned_on = models.DateField(editable=False, help_text="The day that it was called for at first.")
    state = models.CharField(_("state"), max_length=6, choices=MeetingState, default=MeetingState.CALLED)
    called_at = models.DateTimeField(pgettext_lazy("task force", "called"))
    begun_at = models.DateTimeField(pgettext_lazy("task force", "begun"), null=True)
    ended_at = models.DateTimeField(pgettext_lazy("task force", "ended"), null=True)
    minutes = models.TextField(pgettext_lazy("task force", "minutes"), max_length=WORDS, blank=True)
    left_out = models.JSONField(default=dict, help_text="How many of each kind the agenda had no room for.")

    class Meta:
        verbose_name = pgettext_lazy("task force", "meeting")
        verbose_name_plural = pgettext_lazy("task force", "meetings")
        constraints = [
            models.UniqueConstraint(
                name="meeting_once", fields=["task_force", "on"], condition=~Q(state="off")
            ),
            models.UniqueConstraint(
                name="meeting_one_under_way", fields=["task_force"], condition=Q(state="begun")
            ),
            models.CheckConstraint(
                name="meeting_has_times",
                condition=Q(state="called", begun_at=None, ended_at=None)
                | Q(state="off", begun_at=None, ended_at__isnull=False)
                | Q(state="begun", begun_at__isnull=False, ended_at=None)
                | Q(state="ended", begun_at__isnull=False, ended_at__gte=models.F("begun_at")),
            ),
        ]
        indexes = [
            BrinIndex(name="meeting_ended", fields=["ended_at"], autosummarize=True),  # retention
            models.Index(name="meeting_planned", fields=["task_force", "planned_on"]),  # call_weekly
        ]

    def __str__(self) -> str:
        return f"{self.task_force} {self.on}"


class TopicKind(models.TextChoices):
    """Why something is on an agenda."""

    DECISION = "decision", pgettext_lazy("task force", "decided before and not done")
    GOAL = "goal", pgettext_lazy("task force", "goal missed")
    ALERT = "alert", pgettext_lazy("task force", "open alert")
    SPOT = "spot", pgettext_lazy("task force", "hot spot")
    IMPROVEMENT = "improvement", pgettext_lazy("task force", "improvement that is late")


class Topic(models.Model):
    """Something on an agenda, as the numbers stood when the meeting began, and what was said about it."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="topics", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("kind"), max_length=11, choices=TopicKind)
    numbers = models.JSONField(encoder=DjangoJSONEncoder, help_text="By kpis.task_force.agenda.")
    said = models.CharField(pgettext_lazy("task force", "said"), max_length=SAID, blank=True)

    class Meta:
        verbose_name = _("topic of a meeting")
        verbose_name_plural = _("topics of meetings")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(name="topic_kind", condition=Q(kind__in=TopicKind.values)),
            models.UniqueConstraint(name="topic_once", fields=["meeting", "position"]),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.kind}"


class Attendance(models.Model):
    """Somebody at a meeting."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendance", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    presence = models.CharField(
        pgettext_lazy("task force", "presence"), max_length=8, choices=Presence, default=Presence.EXPECTED
    )

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        constraints = [
            models.CheckConstraint(name="attendance_known", condition=Q(presence__in=Presence.values)),
            models.UniqueConstraint(name="attendance_once", fields=["meeting", "user"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.presence}"


class Resolve(models.Model):
    """A decision of a meeting: somebody's, until a day. It comes up again until it is done."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="resolves")
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, related_name="resolves", db_index=False)
    text = models.CharField(pgettext_lazy("task force", "decision"), max_length=SAID)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("task force", "whose"),
        related_name="+",  # its index is read by queries.resolves
    )
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(pgettext_lazy("task force", "decided"))
    due_on = models.DateField(pgettext_lazy("task force", "due"))
    warn_at = models.DateTimeField(null=True, editable=False, help_text="When its ladder is looked at.")
    done_at = models.DateTimeField(pgettext_lazy("task force", "done"), null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    outcome = models.CharField(pgettext_lazy("task force", "what came of it"), max_length=SAID, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("task force", "decision of a meeting")
        verbose_name_plural = pgettext_lazy("task force", "decisions of meetings")
        constraints = [
            models.CheckConstraint(
                name="resolve_done_by_somebody",
                condition=Q(done_at=None, done_by=None, outcome="")
                | Q(done_at__isnull=False, done_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                name="resolve_open", fields=["due_on"], condition=Q(done_at=None)
            ),  # queries.resolves
            models.Index(  # deadline.DEADLINE
                name="resolve_warn", fields=["warn_at"], condition=Q(warn_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ResolveRung(Rung):
    """A rung that was fired: each once for a due day."""

    resolve = models.ForeignKey(Resolve, models.CASCADE, related_name="rungs", db_index=False)

    class Meta:
        verbose_name = pgettext_lazy("task force", "rung of a decision")
        verbose_name_plural = pgettext_lazy("task force", "rungs of decisions")
        constraints = [
            models.CheckConstraint(name="resolverung_known", condition=Q(step__in=Step.values)),
            models.UniqueConstraint(name="resolverung_once", fields=["resolve", "due_on", "step"]),
        ]

    def __str__(self) -> str:
        return f"{self.resolve_id} {self.step}"
