"""A member's surveys under /api/v1/."""

from django.urls import path

from surveys.api import (
    answering,
    campaigns,
    closing,
    interviews,
    needs,
    questionnaires,
    receipts,
    result_files,
    results,
)

urlpatterns = [
    path("invitations/", answering.InvitationsView.as_view(), name="invitations"),
    path("invitations/<int:pk>/", answering.InvitationView.as_view(), name="invitation"),
    path("invitations/<int:pk>/draft/", answering.DraftView.as_view(), name="invitation-draft"),
    path("invitations/<int:pk>/files/", answering.DraftFilesView.as_view(), name="invitation-files"),
    path("invitations/<int:pk>/files/<uuid:ref>/", answering.DraftFileView.as_view(), name="invitation-file"),
    path("invitations/<int:pk>/answers/", answering.AnswersView.as_view(), name="invitation-answers"),
    path("invitations/<int:pk>/decline/", answering.DeclineView.as_view(), name="invitation-decline"),
    path("staff/surveys/", campaigns.StaffCampaignsView.as_view(), name="staff-campaigns"),
    path("staff/surveys/<slug:code>/", campaigns.StaffCampaignView.as_view(), name="staff-campaign"),
    path(
        "staff/surveys/<slug:code>/preview/",
        campaigns.StaffCampaignPreviewView.as_view(),
        name="staff-campaign-preview",
    ),
    path(
        "staff/surveys/<slug:code>/waves/",
        campaigns.StaffCampaignWavesView.as_view(),
        name="staff-campaign-waves",
    ),
    path(
        "staff/surveys/<slug:code>/move/",
        campaigns.StaffCampaignMoveView.as_view(),
        name="staff-campaign-move",
    ),
    path(
        "staff/surveys/<slug:code>/skips/",
        campaigns.StaffCampaignSkipsView.as_view(),
        name="staff-campaign-skips",
    ),
    path(
        "staff/surveys/<slug:code>/recovery/",
        closing.StaffRecoveryView.as_view(),
        name="staff-survey-recovery",
    ),
    path(
        "staff/surveys/<slug:code>/results/", results.StaffResultsView.as_view(), name="staff-survey-results"
    ),
    path(
        "staff/surveys/<slug:code>/files/",
        result_files.StaffResultFilesView.as_view(),
        name="staff-survey-files",
    ),
    path(
        "staff/surveys/files/<uuid:ref>/",
        result_files.StaffResultFileView.as_view(),
        name="staff-survey-file",
    ),
    path("staff/surveys/<slug:code>/trend/", results.StaffTrendView.as_view(), name="staff-survey-trend"),
    path("staff/surveys/<slug:code>/groups/", results.StaffGroupsView.as_view(), name="staff-survey-groups"),
    path(
        "staff/surveys/<slug:code>/crosstab/",
        results.StaffCrosstabView.as_view(),
        name="staff-survey-crosstab",
    ),
    path("staff/surveys/<slug:code>/words/", results.StaffWordsView.as_view(), name="staff-survey-words"),
    path(
        "staff/surveys/<slug:code>/responses/",
        results.StaffResponsesFileView.as_view(),
        name="staff-survey-responses",
    ),
    path("me/interviews/", interviews.OwnInterviewsView.as_view(), name="my-interviews"),
    path("me/interviews/<int:pk>/slot/", interviews.ChooseSlotView.as_view(), name="my-interview-slot"),
    path("me/interviews/<int:pk>/decline/", interviews.DeclineView.as_view(), name="my-interview-decline"),
    path("staff/interviews/", interviews.StaffInterviewsView.as_view(), name="staff-interviews"),
    path(
        "staff/interviews/<int:pk>/invite/",
        interviews.StaffInterviewInviteView.as_view(),
        name="staff-interview-invite",
    ),
    path("staff/needs/", needs.StaffNeedsView.as_view(), name="staff-needs"),
    path("staff/needs/<int:pk>/", needs.StaffNeedView.as_view(), name="staff-need"),
    path("staff/needs/<int:pk>/merge/", needs.StaffNeedMergeView.as_view(), name="staff-need-merge"),
    path("staff/needs/<int:pk>/evidence/", needs.StaffEvidenceView.as_view(), name="staff-need-evidence"),
    path("staff/evidence/<int:pk>/", needs.StaffEvidenceRemoveView.as_view(), name="staff-evidence"),
    path(
        "staff/questionnaires/",
        questionnaires.StaffQuestionnairesView.as_view(),
        name="staff-questionnaires",
    ),
    path(
        "staff/questionnaires/<slug:code>/",
        questionnaires.StaffQuestionnaireView.as_view(),
        name="staff-questionnaire",
    ),
    path(
        "staff/questionnaires/<slug:code>/versions/<int:number>/",
        questionnaires.StaffQuestionnaireVersionView.as_view(),
        name="staff-questionnaire-version",
    ),
    path(
        "staff/questionnaires/<slug:code>/draft/",
        questionnaires.StaffQuestionnaireDraftView.as_view(),
        name="staff-questionnaire-draft",
    ),
    path(
        "staff/questionnaires/<slug:code>/publish/",
        questionnaires.StaffQuestionnairePublishView.as_view(),
        name="staff-questionnaire-publish",
    ),
    path("shop/receipts/", receipts.ShopReceiptView.as_view(), name="shop-receipt"),
    path("staff/my-answers/", closing.StaffMyAnswersView.as_view(), name="staff-my-answers"),
]
