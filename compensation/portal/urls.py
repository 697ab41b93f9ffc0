"""The member's pages under /portal/."""

from django.urls import path

from compensation.portal import consent, points, privacy, refunds, sign_in, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", sign_in.contact, name="sign-in"),
    path("sign-in/code/", sign_in.code, name="code"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("language/", sign_in.language, name="language"),
    path("orders/", views.orders, name="orders"),
    path("orders/<int:pk>/", views.order, name="order"),
    path("wallet/", views.my_wallet, name="wallet"),
    path("refunds/", refunds.listed, name="refunds"),
    path("refunds/<int:pk>/", refunds.one, name="refund"),
    path("consent/", consent.choices, name="consent"),
    path("data/", privacy.my_data, name="data"),
    path("data/export/", privacy.export, name="data-export"),
    path("data/profiling/", privacy.profiling, name="data-profiling"),
    path("data/erase/", privacy.erase, name="data-erase"),
    path("unsubscribe/<str:token>/", consent.unsubscribe, name="unsubscribe"),
    path("wallet/points/", points.statement, name="points"),
    path("wallet/sign-in/", points.sign_in_today, name="points-sign-in"),
    path("wallet/rewards/<int:pk>/", points.redeem, name="redeem"),
    path("wallet/friends/", points.friends, name="friends"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.notices_read, name="notices-read"),
    path("notices/<int:pk>/", views.notice, name="notice"),
]
