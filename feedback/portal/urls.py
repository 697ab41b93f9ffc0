"""A member's cases and reviews under /portal/."""

from django.urls import path

from feedback.portal import chat, reviews, suggestions, views
from feedback.portal import help as help_centre

urlpatterns = [
    path("cases/", views.cases, name="cases"),
    path("cases/new/", views.complain, name="complain"),
    path("cases/<int:pk>/", views.case, name="case"),
    path("cases/<int:pk>/write/", views.write, name="case-write"),
    path("cases/<int:pk>/confirm/", views.confirm, name="case-confirm"),
    path("cases/<int:pk>/reopen/", views.reopen, name="case-reopen"),
    path("help/", help_centre.home, name="help"),
    path("help/answers/<int:pk>/helped/", help_centre.helped, name="help-answer"),
    path("help/<slug:code>/", help_centre.article, name="help-article"),
    path("help/<slug:code>/vote/", help_centre.vote, name="help-vote"),
    path("chat/", chat.chat, name="chat"),
    path("chat/start/", chat.start, name="chat-start"),
    path("chat/leave/", chat.leave, name="chat-leave"),
    path("chat/<int:pk>/write/", chat.write, name="chat-write"),
    path("chat/<int:pk>/wait/", chat.wait, name="chat-wait"),
    path("chat/<int:pk>/typing/", chat.typing, name="chat-typing"),
    path("chat/<int:pk>/<slug:name>/", chat.act, name="chat-act"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/new/<int:line_id>/", reviews.write, name="review-write"),
    path("reviews/pictures/<int:pk>/", reviews.picture, name="review-picture"),
    path("reviews/<int:pk>/", reviews.review, name="review"),
    path("reviews/<int:pk>/delete/", reviews.delete, name="review-delete"),
    path("reviews/<int:pk>/appeal/", reviews.appeal, name="review-appeal"),
    path("reviews/<int:pk>/helpful/", reviews.helpful, name="review-helpful"),
    path("products/<int:pk>/reviews/", reviews.product, name="product-reviews"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("suggestions/new/", suggestions.suggest, name="suggest"),
    path("suggestions/files/<int:pk>/", suggestions.file, name="suggestion-file"),
    path("suggestions/<int:pk>/", suggestions.suggestion, name="suggestion"),
    path("suggestions/<int:pk>/delete/", suggestions.take_back, name="suggestion-delete"),
    path("attachments/<int:pk>/", views.attachment, name="attachment"),
]
