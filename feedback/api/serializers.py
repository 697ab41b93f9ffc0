"""How members see their cases and gaps."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from compensation.models import Order
from feedback.cases import own, rules
from feedback.clocks.promised import State, promised
from feedback.models import Attachment, Author, Case, CaseKind, CaseStatus, Channel, Gap, Message

OPENED_BY_MEMBERS = [CaseKind.COMPLAINT, CaseKind.ENQUIRY, CaseKind.REFUND, CaseKind.SUGGESTION]
CHANNELS = [(one.value, one.label) for one in (Channel.APP, Channel.CHAT, Channel.PORTAL)]
"""Where members write from, by their own device."""


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """A file that came with a message."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["id", "name", "content_type", "size", "url"]

    def get_url(self, attachment: Attachment) -> str:
        """Where it can be fetched, by its member only."""
        return str(
            reverse("api:attachment", kwargs={"pk": attachment.pk}, request=self.context.get("request"))
        )


class MessageSerializer(serializers.ModelSerializer[Message]):
    """Something that was said."""

    author = serializers.ChoiceField(choices=Author.choices)
    name = serializers.SerializerMethodField(help_text="Who of us said it; empty for the member.")
    attachments = AttachmentSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["id", "author", "name", "body", "at", "attachments"]

    def get_name(self, message: Message) -> str:
        """The name that members read."""
        return message.user.get_full_name() if message.user else ""


class PromisedSerializer(serializers.Serializer[Any]):
    """What we promised by when."""

    what = serializers.ChoiceField(choices=["answer", "solution", "refund", "call"])
    by = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    kept_at = serializers.DateTimeField(allow_null=True)


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case of the member's."""

    number = serializers.CharField(help_text="The number that people say on the phone.")
    kind = serializers.ChoiceField(choices=CaseKind.choices)
    status = serializers.ChoiceField(choices=CaseStatus.choices)
    department = serializers.CharField(source="department.__str__", help_text="Who has it.")
    agent = serializers.SerializerMethodField(help_text="Who works on it; empty when nobody yet.")
    promises = serializers.SerializerMethodField(help_text="Still to be kept first, then the latest.")
    actions = serializers.SerializerMethodField(help_text="What can be done now.")

    class Meta:
        model = Case
        fields = [
            "id",
            "number",
            "kind",
            "status",
            "subject",
            "order",
            "department",
            "agent",
            "opened_at",
            "resolved_at",
            "confirmed_at",
            "closed_at",
            "last_message_at",
            "last_message",
            "promises",
            "actions",
        ]

    def get_agent(self, case: Case) -> str:
        """The name that members read."""
        return str(case.agent) if case.agent else ""

    @extend_schema_field(PromisedSerializer(many=True))
    def get_promises(self, case: Case) -> Any:
        """Our promises as of now."""
        return PromisedSerializer(promised(case.clocks.all(), timezone.now()), many=True).data

    @extend_schema_field(
        serializers.ListField(child=serializers.ChoiceField(choices=["reply", "confirm", "reopen"]))
    )
    def get_actions(self, case: Case) -> list[str]:
        """What the member may do now."""
        return own.actions(case, timezone.now())


class CaseDetailSerializer(CaseSerializer):
    """A case with everything that was said between the member and us."""

    messages = MessageSerializer(many=True, read_only=True)

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "messages"]


def files_field() -> serializers.ListField:
    """Uploads of one message; what is taken is told by their content."""
    return serializers.ListField(
        child=serializers.FileField(),
        required=False,
        default=list,
        help_text="Pictures, recordings or PDFs, as parts of a multipart request.",
    )


@extend_schema_field(OpenApiTypes.INT)
class OwnOrderField(serializers.PrimaryKeyRelatedField[Order]):
    """An order of the member who asks."""

    def get_queryset(self) -> Any:
        """The member's own orders."""
        request = self.context.get("request")
        return Order.objects.filter(member=request.user) if request else Order.objects.none()


class OpenCaseSerializer(serializers.Serializer[Any]):
    """A new case."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in OPENED_BY_MEMBERS])
    body = serializers.CharField(max_length=rules.BODY_LENGTH)
    subject = serializers.CharField(
        max_length=rules.SUBJECT_LENGTH, required=False, help_text="Empty: the first words of the text."
    )
    order = OwnOrderField(required=False, allow_null=True, default=None)
    channel = serializers.ChoiceField(choices=CHANNELS, default=Channel.APP)
    files = files_field()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Name the case by its text where it has no subject."""
        attrs["subject"] = attrs.get("subject") or rules.first_words(attrs["body"], 60)
        return attrs


class WriteSerializer(serializers.Serializer[Any]):
    """What the member has to say; a file alone is enough."""

    body = serializers.CharField(max_length=rules.BODY_LENGTH, required=False, allow_blank=True, default="")
    files = files_field()


class ReopenSerializer(serializers.Serializer[Any]):
    """Why it is not solved."""

    reason = serializers.CharField(max_length=rules.BODY_LENGTH)


class GapSerializer(serializers.ModelSerializer[Gap]):
    """A promise about an order that was not kept."""

    class Meta:
        model = Gap
        fields = ["id", "order", "aspect", "expected_at", "actual_at", "days", "severity", "detected_at"]
