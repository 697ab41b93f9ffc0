"""What members talk about, whatever way they take: the words that reviews, cases and posts are sorted by."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class VoiceAspect(models.TextChoices):
    """What somebody speaks of."""

    PRODUCT_QUALITY = "product_quality", _("product quality")
    DESCRIPTION = "description", _("as described")
    LOGISTICS = "logistics", _("logistics")
    PACKAGING = "packaging", _("packaging")
    SERVICE = "service", pgettext_lazy("aspect", "service")
    PRICE = "price", _("price and promotion")
    AFTER_SALES = "after_sales", _("after-sales")
    APP = "app", pgettext_lazy("aspect", "app")


class Feeling(models.TextChoices):
    """How somebody feels about it."""

    NEGATIVE = "negative", _("negative")
    MIXED = "mixed", _("mixed")
    POSITIVE = "positive", _("positive")
