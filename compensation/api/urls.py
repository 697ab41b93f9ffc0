"""The member's own data under /api/v1/."""

from django.urls import path

from compensation.api import auth, consent, points, privacy, returns, settling, shop_coupons, views

urlpatterns = [
    path("auth/code/", auth.CodeView.as_view(), name="auth-code"),
    path("auth/token/", auth.TokenView.as_view(), name="auth-token"),
    path("auth/shop/", auth.ShopView.as_view(), name="auth-shop"),
    path("auth/sign-out/", auth.SignOutView.as_view(), name="auth-sign-out"),
    path("me/", views.MeView.as_view(), name="me"),
    path("me/export/", privacy.ExportView.as_view(), name="me-export"),
    path("me/erasure/", privacy.ErasureView.as_view(), name="me-erasure"),
    path("consent/", consent.ConsentView.as_view(), name="consent"),
    path("orders/", views.OrdersView.as_view(), name="orders"),
    path("orders/<int:pk>/", views.OrderView.as_view(), name="order"),
    path("coupons/", views.CouponsView.as_view(), name="coupons"),
    path("coupons/<int:pk>/", views.CouponView.as_view(), name="coupon"),
    path("shop/coupons/quote/", shop_coupons.QuoteView.as_view(), name="shop-coupons-quote"),
    path("shop/coupons/reserve/", shop_coupons.ReserveView.as_view(), name="shop-coupons-reserve"),
    path("shop/coupons/redeem/", shop_coupons.RedeemView.as_view(), name="shop-coupons-redeem"),
    path("shop/coupons/release/", shop_coupons.ReleaseView.as_view(), name="shop-coupons-release"),
    path("shop/coupons/reverse/", shop_coupons.ReverseView.as_view(), name="shop-coupons-reverse"),
    path("tier/", views.TierView.as_view(), name="tier"),
    path("points/", points.PointsView.as_view(), name="points"),
    path("points/statement/", points.StatementView.as_view(), name="statement"),
    path("points/sign-in/", points.SignInView.as_view(), name="points-sign-in"),
    path("referral/", points.ReferralView.as_view(), name="referral"),
    path("rewards/", points.RewardsView.as_view(), name="rewards"),
    path("rewards/<int:pk>/redeem/", points.RedeemView.as_view(), name="reward-redeem"),
    path("gateway/refunds/", settling.GatewayView.as_view(), name="gateway-refund"),
    path("shop/refunds/", settling.ShopRefundView.as_view(), name="shop-refund"),
    path("shop/parcels/", settling.ShopParcelView.as_view(), name="shop-parcel"),
    path("shop/returns/", returns.ShopReturnView.as_view(), name="shop-return"),
    path("notices/", views.NoticesView.as_view(), name="notices"),
    path("notices/read/", views.NoticesReadView.as_view(), name="notices-read"),
    path("notices/<int:pk>/read/", views.NoticeReadView.as_view(), name="notice-read"),
]
