"""How members of staff see cases, and what they send."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from feedback.api.serializers import AttachmentSerializer
from feedback.api.triage_serializers import TriageSerializer
from feedback.cases import rules
from feedback.cases.taking_down import BY_HAND, KINDS
from feedback.models import (
    Attachment,
    Author,
    Case,
    CaseKind,
    CaseStatus,
    Channel,
    Clock,
    Handoff,
    HandoffStatus,
    Message,
    Milestone,
    Priority,
    Resolution,
    Triage,
)
from feedback.triage.queries import shown

Some = serializers.Serializer[Any]
LARGEST_ID = 2**63 - 1


class StaffAttachmentSerializer(AttachmentSerializer):
    """A file that came with a message."""

    def get_url(self, attachment: Attachment) -> str:
        """Where it can be fetched by whoever may see the case."""
        return str(
            reverse("api:staff-attachment", kwargs={"pk": attachment.pk}, request=self.context.get("request"))
        )


class StaffMessageSerializer(serializers.ModelSerializer[Message]):
    """Something that was said, or noted for colleagues."""

    author = serializers.ChoiceField(choices=Author.choices)
    user = serializers.SerializerMethodField(help_text="Which of us; empty for members and the system.")
    attachments = StaffAttachmentSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["id", "author", "user", "is_public", "body", "at", "attachments"]

    def get_user(self, message: Message) -> str:
        """The name that colleagues read."""
        return str(message.user or "")


class ClockSerializer(serializers.ModelSerializer[Clock]):
    """A clock of the case."""

    milestone = serializers.ChoiceField(choices=Milestone.choices)
    department = serializers.CharField(source="department.__str__")

    class Meta:
        model = Clock
        fields = [
            "id",
            "milestone",
            "department",
            "started_at",
            "due_at",
            "paused_at",
            "met_at",
            "stopped_at",
            "breached_at",
        ]


class HandoffSerializer(serializers.ModelSerializer[Handoff]):
    """A question to another department."""

    status = serializers.ChoiceField(choices=HandoffStatus.choices)
    department = serializers.CharField(source="department.__str__")

    class Meta:
        model = Handoff
        fields = [
            "id",
            "department",
            "status",
            "question",
            "asked_at",
            "after",
            "started_at",
            "accepted_at",
            "answer",
            "ended_at",
        ]


class StaffCaseSerializer(serializers.ModelSerializer[Case]):
    """A case in a list."""

    kind = serializers.ChoiceField(choices=CaseKind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    status = serializers.ChoiceField(choices=CaseStatus.choices)
    priority = serializers.ChoiceField(choices=Priority.choices)
    number = serializers.CharField()
    member = serializers.CharField(source="member.external_id", help_text="The shop's number.")
    member_name = serializers.CharField(source="member.name")
    tier = serializers.CharField(source="member.tier.code")
    order = serializers.SerializerMethodField(help_text="The order's number, if it is about one.")
    agent_name = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = [
            "id",
            "number",
            "kind",
            "channel",
            "status",
            "priority",
            "subject",
            "member",
            "member_name",
            "tier",
            "order",
            "department",
            "agent",
            "agent_name",
            "version",
            "opened_at",
            "first_replied_at",
            "resolved_at",
            "resolution",
            "closed_at",
            "next_due_at",
            "last_message_at",
            "last_message",
            "merged_into",
        ]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_order(self, case: Case) -> str | None:
        """The order's number."""
        return case.order.external_id if case.order else None

    def get_agent_name(self, case: Case) -> str:
        """Who works on it."""
        return str(case.agent or "")


class StaffCaseDetailSerializer(StaffCaseSerializer):
    """A case with everything about it."""

    messages = serializers.SerializerMethodField()
    handoffs = serializers.SerializerMethodField()
    clocks = serializers.SerializerMethodField()
    triage = serializers.SerializerMethodField(help_text="What it is about; null before it was read.")
    actions = serializers.SerializerMethodField(help_text="What you may do with it now.")

    class Meta(StaffCaseSerializer.Meta):
        fields = [*StaffCaseSerializer.Meta.fields, "messages", "handoffs", "clocks", "triage", "actions"]

    @extend_schema_field(StaffMessageSerializer(many=True))
    def get_messages(self, case: Case) -> Any:
        """Everything that was said and noted, oldest first."""
        rows = case.messages.select_related("user").prefetch_related("attachments")
        return StaffMessageSerializer(rows, many=True, context=self.context).data

    @extend_schema_field(HandoffSerializer(many=True))
    def get_handoffs(self, case: Case) -> Any:
        """The questions to other departments, oldest first."""
        return HandoffSerializer(case.handoffs.select_related("department"), many=True).data

    @extend_schema_field(TriageSerializer(allow_null=True))
    def get_triage(self, case: Case) -> Any:
        """How it was read, and set right."""
        row = shown(Triage.objects.filter(case=case)).first()
        return TriageSerializer(row).data if row else None

    @extend_schema_field(ClockSerializer(many=True))
    def get_clocks(self, case: Case) -> Any:
        """The clocks, oldest first."""
        rows = case.clocks.select_related("department").order_by("started_at", "pk")
        return ClockSerializer(rows, many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_actions(self, _case: Case) -> list[str]:
        """What this person may do now."""
        return sorted(self.context["actions"])


def number(**options: Any) -> serializers.IntegerField:
    """The id of a row."""
    return serializers.IntegerField(min_value=1, max_value=LARGEST_ID, **options)


def text(**options: Any) -> serializers.CharField:
    """A text of some length."""
    return serializers.CharField(max_length=rules.BODY_LENGTH, **options)


def version() -> serializers.IntegerField:
    """The version of the case that the person has seen."""
    return number(
        required=False,
        allow_null=True,
        default=None,
        help_text="As seen; refused if something that matters has happened since.",
    )


class AssignSerializer(Some):
    """Who is to work on it."""

    agent = number(allow_null=True)


def call() -> serializers.ChoiceField:
    """What became of a promised call, for what resolves a case."""
    return serializers.ChoiceField(
        choices=["", "made", "unwanted"],
        default="",
        help_text="To resolve a case while a call is promised, say what became of it.",
    )


class ReplySerializer(Some):
    """An answer to the member."""

    body = text()
    then = serializers.ChoiceField(choices=["open", "wait", "resolve"], default="open")
    resolution = serializers.ChoiceField(choices=Resolution.choices, default=Resolution.ANSWERED)
    call = call()
    version = version()


class TextSerializer(Some):
    """A note."""

    body = text()


class HandOverSerializer(Some):
    """A question to another department."""

    department = number()
    question = text()
    after = number(
        required=False, allow_null=True, default=None, help_text="A handoff that has to be answered first."
    )


class HandoffAnswerSerializer(Some):
    """What we know."""

    handoff = number()
    answer = text()


class RejectSerializer(Some):
    """Why we do not answer."""

    handoff = number()
    reason = text()


class RecallSerializer(Some):
    """The question to take back or on."""

    handoff = number()


class TransferSerializer(Some):
    """Where it belongs."""

    department = number()
    note = text(required=False, allow_blank=True, default="")
    version = version()


class PrioritySerializer(Some):
    """How urgent it is."""

    priority = serializers.ChoiceField(choices=Priority.choices)


class CorrectSerializer(Some):
    """What the case is about."""

    subject = serializers.CharField(max_length=rules.SUBJECT_LENGTH)
    kind = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in CaseKind])
    order = number(allow_null=True, help_text="The id of one of the member's orders, or null for none.")
    version = version()


class RecogniseSerializer(Some):
    """Which member a stranger turned out to be."""

    member = number(help_text="The member's id.")
    version = version()


TAKEN_DOWN = [(kind.value, kind.label) for kind in KINDS]


class OpenForMemberSerializer(Some):
    """What a member said to us, taken down: `member` for one that we know, else how to reach them."""

    member = number(required=False, allow_null=True, default=None, help_text="The member's id.")
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
    email = serializers.EmailField(required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=TAKEN_DOWN)
    channel = serializers.ChoiceField(choices=[(one.value, one.label) for one in BY_HAND])
    subject = serializers.CharField(max_length=rules.SUBJECT_LENGTH)
    body = text()
    answer = text(required=False, allow_blank=True, default="", help_text="What they were told at once.")
    order = number(required=False, allow_null=True, default=None)
    department = number(required=False, allow_null=True, default=None, help_text="None: by the rules.")
    priority = serializers.ChoiceField(choices=Priority.choices, default=Priority.NORMAL)
    takes = serializers.BooleanField(default=False, help_text="Whether you keep the case, if you may.")


class ResolveSerializer(Some):
    """How it was solved."""

    resolution = serializers.ChoiceField(choices=Resolution.choices)
    message = text(required=False, allow_blank=True, default="")
    call = call()
    version = version()


class ReasonSerializer(Some):
    """Why it is open again."""

    reason = text()


class CloseSerializer(Some):
    """A last note."""

    note = text(required=False, allow_blank=True, default="")
