"""Cases, gaps and reviews of a member, and the cases of staff, under /api/v1/."""

from django.urls import path

from feedback.api import (
    behaviour,
    chat,
    claims,
    expectations,
    inbound,
    inbound_reviews,
    joining,
    replies,
    reviews,
    rewards,
    staff,
    staff_handoffs,
    staff_waiting,
    staff_working,
    triage,
    views,
    voice,
)
from feedback.api import help as help_centre

urlpatterns = [
    path("cases/", views.CasesView.as_view(), name="cases"),
    path("cases/<int:pk>/", views.CaseView.as_view(), name="case"),
    path("cases/<int:pk>/messages/", views.CaseMessagesView.as_view(), name="case-messages"),
    path("cases/<int:pk>/confirm/", views.CaseConfirmView.as_view(), name="case-confirm"),
    path("cases/<int:pk>/reopen/", views.CaseReopenView.as_view(), name="case-reopen"),
    path("chats/", chat.ChatsView.as_view(), name="chats"),
    path("chats/leave-message/", chat.ChatLeaveView.as_view(), name="chat-leave-message"),
    path("chats/<int:pk>/", chat.ChatView.as_view(), name="chat"),
    path("chats/<int:pk>/messages/", chat.ChatMessagesView.as_view(), name="chat-messages"),
    path("chats/<int:pk>/news/", chat.ChatNewsView.as_view(), name="chat-news"),
    path("chats/<int:pk>/typing/", chat.ChatTypingView.as_view(), name="chat-typing"),
    path("chats/<int:pk>/helped/", chat.ChatHelpedView.as_view(), name="chat-helped"),
    path("chats/<int:pk>/person/", chat.ChatPersonView.as_view(), name="chat-person"),
    path("chats/<int:pk>/end/", chat.ChatEndView.as_view(), name="chat-end"),
    path("attachments/<int:pk>/", views.AttachmentView.as_view(), name="attachment"),
    path("help/articles/", help_centre.HelpArticlesView.as_view(), name="help-articles"),
    path("help/articles/<slug:code>/", help_centre.HelpArticleView.as_view(), name="help-article"),
    path("help/articles/<slug:code>/vote/", help_centre.HelpVoteView.as_view(), name="help-vote"),
    path("help/answers/", help_centre.HelpAnswersView.as_view(), name="help-answers"),
    path("help/answers/<int:pk>/outcome/", help_centre.HelpOutcomeView.as_view(), name="help-outcome"),
    path("gaps/", views.GapsView.as_view(), name="gaps"),
    path("reviews/", reviews.ReviewsView.as_view(), name="reviews"),
    path("reviews/to-write/", reviews.ToReviewView.as_view(), name="reviews-to-write"),
    path("reviews/rewards/", rewards.RewardsView.as_view(), name="review-rewards"),
    path("reviews/pictures/<int:pk>/", reviews.ReviewPictureView.as_view(), name="review-picture"),
    path("reviews/<int:pk>/", reviews.ReviewView.as_view(), name="review"),
    path("reviews/<int:pk>/follow-up/", reviews.FollowUpView.as_view(), name="review-follow-up"),
    path("reviews/<int:pk>/appeal/", reviews.AppealView.as_view(), name="review-appeal"),
    path("reviews/<int:pk>/helpful/", reviews.HelpfulView.as_view(), name="review-helpful"),
    path("products/<str:number>/reviews/", reviews.ProductReviewsView.as_view(), name="product-reviews"),
    path("products/<str:number>/figures/", reviews.ProductFiguresView.as_view(), name="product-figures"),
    path("staff/cases/", staff.StaffCasesView.as_view(), name="staff-cases"),
    path("staff/cases/<int:pk>/", staff.StaffCaseView.as_view(), name="staff-case"),
    *(
        path(f"staff/cases/<int:pk>/{move.path}/", move.as_view(), name=f"staff-case-{move.path}")
        for move in (*staff_working.MOVES, *staff_handoffs.MOVES, *joining.MOVES, *staff_waiting.MOVES)
    ),
    path(
        "inbound/<slug:source>/reviews/", inbound_reviews.InboundReviewsView.as_view(), name="inbound-reviews"
    ),
    path("staff/replies/", replies.StaffRepliesView.as_view(), name="staff-replies"),
    path("staff/replies/<int:pk>/", replies.StaffReplyView.as_view(), name="staff-reply"),
    *(
        path(f"staff/replies/<int:pk>/{move.path}/", move.as_view(), name=f"staff-reply-{move.path}")
        for move in replies.MOVES
    ),
    path("staff/reviews/<int:pk>/reply/", replies.StaffReviewReplyView.as_view(), name="staff-review-reply"),
    path("staff/reviews/<int:pk>/draft/", replies.StaffReviewDraftView.as_view(), name="staff-review-draft"),
    path("staff/reply-posts/<int:pk>/tick/", replies.TickPostView.as_view(), name="staff-reply-post-tick"),
    path("staff/reply-posts/<int:pk>/retry/", replies.RetryPostView.as_view(), name="staff-reply-post-retry"),
    path("behaviour/", behaviour.ShopBehaviourView.as_view(), name="behaviour"),
    path(
        "inbound/<slug:source>/behaviour/",
        behaviour.InboundBehaviourView.as_view(),
        name="inbound-behaviour",
    ),
    path("staff/reward-rules/", rewards.StaffRewardRulesView.as_view(), name="staff-reward-rules"),
    path("staff/reward-rules/<int:pk>/", rewards.StaffRewardRuleView.as_view(), name="staff-reward-rule"),
    path(
        "staff/reward-rules/<int:pk>/preview/",
        rewards.StaffRewardPreviewView.as_view(),
        name="staff-reward-preview",
    ),
    path("staff/reviews/<int:pk>/pick/", rewards.StaffPickView.as_view(), name="staff-review-pick"),
    path("staff/triage/", triage.StaffTriagesView.as_view(), name="staff-triages"),
    path("staff/triage/<int:pk>/", triage.StaffTriageView.as_view(), name="staff-triage"),
    path(
        "staff/members/<str:number>/expectation/",
        expectations.StaffExpectationView.as_view(),
        name="staff-expectation",
    ),
    path("staff/reviews/", voice.StaffReviewsView.as_view(), name="staff-reviews"),
    path("staff/products/voice/", voice.StaffVoicesView.as_view(), name="staff-voices"),
    path("staff/products/<str:number>/voice/", voice.StaffVoiceView.as_view(), name="staff-voice"),
    path("shop/facts/", claims.FactsView.as_view(), name="shop-facts"),
    path("shop/claims/", claims.ClaimsView.as_view(), name="shop-claims"),
    path("inbound/<slug:source>/", inbound.InboundView.as_view(), name="inbound"),
    path("staff/attachments/<int:pk>/", staff.StaffAttachmentView.as_view(), name="staff-attachment"),
]
