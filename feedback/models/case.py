"""Cases: one customer problem being worked."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order
from feedback.models.choices import (
    OUTSIDE,
    CaseKind,
    CaseStatus,
    Channel,
    Priority,
    Resolution,
)
from feedback.models.org import Agent, Department, Skill
from feedback.models.routing import DepartmentRule

ENDED = [CaseStatus.RESOLVED, CaseStatus.CLOSED]
TO_DO = [CaseStatus.NEW, CaseStatus.OPEN, CaseStatus.REOPENED]
"""The statuses in which it is our turn: such a case takes up one of its agent's places."""


def number_of(case: int) -> str:
    """Give the number of a case that people say on the phone."""
    return f"HY{case:07d}"


class Case(models.Model):
    """One customer problem. Its status changes only through feedback.cases.commands."""

    key = models.CharField(
        max_length=200,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        help_text="Opened once for one reason, such as a gap or a survey answer.",
    )
    member = models.ForeignKey(  # case_member begins with it
        Member, models.PROTECT, verbose_name=_("member"), related_name="cases", db_index=False
    )
    order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("order"), null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=CaseKind)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    status = models.CharField(_("status"), max_length=16, choices=CaseStatus, default=CaseStatus.NEW)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    subject = models.CharField(_("subject"), max_length=200)
    category = models.CharField(
        _("product category"), max_length=80, blank=True, help_text="As it was when the case was opened."
    )
    language = models.CharField(
        _("language"), max_length=16, blank=True, help_text="The member's when the case was opened."
    )
    waiting_for = models.CharField(
        _("waits for"),
        max_length=16,
        blank=True,
        choices=[(reason.value, reason.label) for reason in OUTSIDE],
        help_text="Somebody outside; for the member and for departments there is the status.",
    )
    department = models.ForeignKey(  # case_department_opened begins with it
        Department, models.PROTECT, verbose_name=_("department"), related_name="cases", db_index=False
    )
    agent = models.ForeignKey(
        Agent, models.PROTECT, verbose_name=_("agent"), null=True, blank=True, related_name="cases"
    )
    # No index on these: rules and skills are put out of use, not deleted.
    skill = models.ForeignKey(
        Skill,
        models.PROTECT,
        verbose_name=_("needs the skill"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    department_rule = models.ForeignKey(
        DepartmentRule,
        models.PROTECT,
        verbose_name=_("department rule"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The rule that chose the department.",
    )
    queued_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when it waits for an agent in its department; without one, since it was opened.",
    )
    given_back_by = models.ForeignKey(
        Agent,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="Who gave it back last: it is not given to them again.",
    )
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change that people see.")
    news_version = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="The version of its last change that whoever is writing an answer has to know of.",
    )
    given_version = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="The version in which it was last given to somebody, who need not be told of that.",
    )
    opened_at = models.DateTimeField(_("opened"))
    first_replied_at = models.DateTimeField(_("first reply"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolution = models.CharField(_("resolution"), max_length=16, choices=Resolution, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed by the member"), null=True, blank=True)
    next_due_at = models.DateTimeField(
        _("next due"), null=True, blank=True, help_text="The earliest due time of its running clocks."
    )
    last_message_at = models.DateTimeField(_("last message"), null=True, blank=True)
    last_message = models.CharField(
        max_length=160, blank=True, help_text="First words of the last public one."
    )
    last_author = models.CharField(max_length=8, blank=True)
    merged_into = models.ForeignKey(  # read by case_merged
        "self",
        models.PROTECT,
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        db_index=False,
        help_text="The case that goes on in its place; never one that was merged itself.",
    )

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions = [
            ("work_case", "Can work on cases"),
            ("assign_case", "Can assign cases to others"),
            ("see_all_departments", "Can see the cases of all departments"),
            ("see_board", "Can see the supervisor's board"),
        ]
        constraints = [
            models.CheckConstraint(name="case_kind_known", condition=Q(kind__in=CaseKind.values)),
            models.CheckConstraint(name="case_channel_known", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(name="case_status_known", condition=Q(status__in=CaseStatus.values)),
            models.CheckConstraint(name="case_priority_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(
                name="case_waits_while_open",
                condition=Q(waiting_for="") | Q(waiting_for__in=OUTSIDE, status=CaseStatus.OPEN),
            ),
            models.CheckConstraint(
                name="case_ended_has_resolution",
                condition=(Q(status__in=ENDED, resolved_at__isnull=False) & ~Q(resolution=""))
                | (~Q(status__in=ENDED) & Q(resolved_at__isnull=True, resolution="")),
            ),
            models.CheckConstraint(
                name="case_closed_has_time",
                condition=Q(status=CaseStatus.CLOSED, closed_at__isnull=False)
                | (~Q(status=CaseStatus.CLOSED) & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="case_merged_is_closed",
                condition=Q(merged_into__isnull=True)
                | (Q(status=CaseStatus.CLOSED, resolution=Resolution.DUPLICATE) & ~Q(merged_into=F("id"))),
            ),
        ]
        indexes = [
            models.Index(  # cases.queries: a department's queue
                name="case_queue", fields=["department", "next_due_at", "id"], condition=Q(resolved_at=None)
            ),
            models.Index(  # cases.queries: an agent's own cases
                name="case_mine", fields=["agent", "next_due_at", "id"], condition=Q(resolved_at=None)
            ),
            models.Index(  # cases.queue: nobody's
                name="case_unassigned",
                fields=["department", "next_due_at", "id"],
                condition=Q(resolved_at=None, agent=None),
            ),
            models.Index(  # cases.queue: a department's by age
                name="case_by_age", fields=["department", "opened_at", "id"], condition=Q(resolved_at=None)
            ),
            models.Index(  # routing: what is to be given to somebody, in that order
                name="case_to_route",
                fields=["department", "-priority", "next_due_at", "id"],
                condition=Q(resolved_at=None, agent=None, status__in=TO_DO),
            ),
            models.Index(  # routing, boards: what each agent has to do, by channel
                name="case_load",
                fields=["agent"],
                include=["channel", "status"],
                condition=Q(resolved_at=None, agent__isnull=False),
            ),
            models.Index(  # routing: chats, which come first
                name="case_chats",
                fields=["department", "next_due_at", "id"],
                condition=Q(resolved_at=None, channel=Channel.CHAT),
            ),
            models.Index(  # cases.queue: waiting for the member
                name="case_waiting",
                fields=["department", "next_due_at", "id"],
                condition=Q(status=CaseStatus.WAITING_MEMBER, resolved_at=None),
            ),
            models.Index(  # cases.queue: resolved, not yet confirmed
                name="case_resolved",
                fields=["department", "next_due_at", "id"],
                condition=Q(status=CaseStatus.RESOLVED),
            ),
            models.Index(name="case_member", fields=["member", "-opened_at"]),  # case page, portal
            models.Index(
                name="case_department_opened", fields=["department", "-opened_at"]
            ),  # reports, lists
            BrinIndex(  # automatic.dry_run, remedies.choosing: cases of a period, which come in that order
                name="case_opened", fields=["opened_at"], pages_per_range=32, autosummarize=True
            ),
            models.Index(  # cases.commands.close_silent
                name="case_to_close", fields=["resolved_at"], condition=Q(status=CaseStatus.RESOLVED)
            ),
            models.Index(  # cases.timeline, cases.joining: what went into a case
                name="case_merged", fields=["merged_into"], condition=~Q(merged_into=None)
            ),
            models.Index(  # kpis.boards.times: how long first replies took, from the index alone
                name="case_first_replied",
                fields=["first_replied_at"],
                include=["opened_at", "department"],
                condition=Q(first_replied_at__isnull=False, merged_into=None),
            ),
            models.Index(  # handoffs.times: the cases that were resolved in a period
                name="case_resolved_at", fields=["resolved_at"], condition=~Q(resolved_at=None)
            ),
            models.Index(  # surveys: closed cases without an invitation
                name="case_closed", fields=["closed_at"], condition=Q(status=CaseStatus.CLOSED)
            ),
            models.Index(  # cases.refunding: whose goods have come back
                name="case_refund", fields=["order"], condition=Q(kind=CaseKind.REFUND, resolved_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        """The number that people say on the phone."""
        return number_of(self.pk)

    @property
    def problem(self) -> str:
        """What the sums over its remedies are taken over; what is merged into it counts there too."""
        return f"case:{self.pk}"
