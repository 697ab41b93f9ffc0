"""What we know of the goods that the shop asks about."""

from dataclasses import replace

from compensation.coupons.rules import Basket
from compensation.models import Product


def with_categories(basket: Basket) -> Basket:
    """The order; goods without a category have that of their product, where we know it."""
    unknown = {item.product for item in basket.items if item.product and not item.category}
    if not unknown:
        return basket
    known = dict(Product.objects.filter(external_id__in=unknown).values_list("external_id", "category"))
    items = (
        item if item.category else replace(item, category=known.get(item.product, ""))
        for item in basket.items
    )
    return replace(basket, items=tuple(items))
