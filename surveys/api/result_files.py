"""Files of all responses, for staff: asked for, watched, taken by whoever asked."""

from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response as Answered

from config.common.api import describe
from surveys.api.results import NARROW, ResultsView
from surveys.models import FILE_KINDS, FileState, ResultFile
from surveys.results import files


class ResultFileSerializer(serializers.ModelSerializer[ResultFile]):
    """A file of all responses, and how far it is."""

    campaign = serializers.CharField(source="campaign.code")
    kind = serializers.ChoiceField(choices=FILE_KINDS)
    state = serializers.ChoiceField(choices=FileState.choices)

    class Meta:
        model = ResultFile
        fields = [
            "ref",
            "campaign",
            "kind",
            "query",
            "asked_at",
            "state",
            "rows",
            "done",
            "size",
            "keeps_until",
        ]


class ResultFileAskSerializer(serializers.Serializer[Any]):
    """What kind of file."""

    kind = serializers.ChoiceField(choices=FILE_KINDS)


class StaffResultFilesView(ResultsView):
    """One's own files of a campaign."""

    @describe(
        "My files of responses", "staff", ResultFileSerializer(many=True), 403, 404,
        operation_id="staff_survey_files",
    )  # fmt: skip
    def get(self, _request: Request, code: str) -> Answered:
        """The newest first; they are kept for three days."""
        rows = files.of(self.user, self.look(code).campaign.pk).select_related("campaign")
        return Answered(ResultFileSerializer(rows, many=True).data)

    @describe(
        "Have a file of all responses made", "staff", ResultFileSerializer, 400, 403, 404, 415, status=202,
        request=ResultFileAskSerializer, parameters=NARROW, operation_id="staff_survey_file_ask",
    )  # fmt: skip
    def post(self, _request: Request, code: str) -> Answered:
        """A worker makes it, of however many rows; three of one person's at a time."""
        kind = self.asked(ResultFileAskSerializer)["kind"]
        file = files.ask(user=self.user, found=self.look(code), kind=kind, at=timezone.now())
        transaction.on_commit(lambda: current_app.send_task("surveys.make_file", [file.pk]))
        return Answered(ResultFileSerializer(file).data, status=202)


class StaffResultFileView(ResultsView):
    """One of them."""

    @describe(
        "Take a file of responses", "staff", OpenApiTypes.BINARY, 403, 404, 409,
        operation_id="staff_survey_file",
    )  # fmt: skip
    def get(self, _request: Request, ref: UUID) -> FileResponse:
        """Whoever asked for it, while they may see the same; 409 while it is being made."""
        file = files.take(user=self.user, ref=ref, at=timezone.now())
        return files.handed_out(file)
