"""The closed lists that cases, policies and clocks share."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CaseKind(models.TextChoices):
    """What a case is about."""

    COMPLAINT = "complaint", _("complaint")
    ENQUIRY = "enquiry", _("enquiry")
    REFUND = "refund", _("refund")
    REVIEW = "review", _("review follow-up")
    SUGGESTION = "suggestion", _("suggestion")


class Channel(models.TextChoices):
    """Where a case came from."""

    PORTAL = "portal", _("portal")
    APP = "app", _("app")
    CHAT = "chat", _("chat")
    PHONE = "phone", pgettext_lazy("channel", "phone")
    EMAIL = "email", _("e-mail")
    MARKETPLACE = "marketplace", _("marketplace")
    SOCIAL = "social", _("social media")
    WALK_IN = "walk_in", _("walk-in")
    FILE = "file", _("file")
    GAP = "gap", _("found by us")
    SURVEY = "survey", _("survey")


class Priority(models.IntegerChoices):
    """How urgent a case is."""

    LOW = 1, _("low")
    NORMAL = 2, _("normal")
    HIGH = 3, _("high")
    URGENT = 4, _("urgent")


class CaseStatus(models.TextChoices):
    """Where a case stands; the allowed moves are in feedback.cases.rules."""

    NEW = "new", _("new")
    OPEN = "open", _("open")
    WAITING_MEMBER = "waiting_member", _("waiting for member")
    WAITING_DEPARTMENT = "waiting_dept", _("waiting for department")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", pgettext_lazy("case", "closed")
    REOPENED = "reopened", _("reopened")


class Resolution(models.TextChoices):
    """How a case was resolved."""

    SOLVED = "solved", _("solved")
    COMPENSATED = "compensated", _("made good with a remedy")
    ANSWERED = "answered", _("question answered")
    NOT_JUSTIFIED = "not_justified", _("not justified, explained")
    WITHDRAWN = "withdrawn", _("withdrawn by the member")
    SILENT = "silent", _("no answer from the member")
    DUPLICATE = "duplicate", _("duplicate")


class Milestone(models.TextChoices):
    """What a clock waits for."""

    FIRST_REPLY = "first_reply", _("first reply")
    NEXT_REPLY = "next_reply", _("next reply")
    RESOLUTION = "resolution", pgettext_lazy("milestone", "resolution")
    HANDOFF = "handoff", _("answer to a handoff")
    ACCEPT = "accept", _("acceptance of a handoff")
    PICK_UP = "pick_up", _("picking up the phone")
    PERIODIC_UPDATE = "periodic_update", _("periodic update")
    COURIER_ANSWER = "courier_answer", _("courier's answer")
    REFUND = "refund", pgettext_lazy("milestone", "refund")
    REVIEW_REPLY = "review_reply", _("reply to a review")
    CALL_BACK = "call_back", _("call back")


class PauseReason(models.TextChoices):
    """Why a clock stands still."""

    WAITING_MEMBER = "waiting_member", _("waiting for the member")
    WAITING_SUPPLIER = "waiting_supplier", _("waiting for the supplier")
    WAITING_COURIER = "waiting_courier", _("waiting for the courier")
    WAITING_BANK = "waiting_bank", _("waiting for the bank")


MAY_PAUSE = (Milestone.RESOLUTION, Milestone.PERIODIC_UPDATE, Milestone.REFUND)
"""The milestones whose clocks can stand still. Replies, calls and questions never do."""

OUTSIDE = (PauseReason.WAITING_SUPPLIER, PauseReason.WAITING_COURIER, PauseReason.WAITING_BANK)
"""Those whom a case can wait for beside its member."""


class Verdict(models.TextChoices):
    """What a supervisor thinks of a pause."""

    ACCEPTED = "accepted", pgettext_lazy("pause", "accepted")
    REJECTED = "rejected", pgettext_lazy("pause", "rejected")


class Cared(models.TextChoices):
    """What a member can care about most."""

    QUALITY = "quality", pgettext_lazy("cares about", "quality")
    SPEED = "speed", pgettext_lazy("cares about", "speed")
    PRICE = "price", pgettext_lazy("cares about", "price")
    SERVICE = "service", pgettext_lazy("cares about", "service")
