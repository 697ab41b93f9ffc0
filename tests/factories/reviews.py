"""A house that takes reviews, and lines that can be reviewed."""

import io
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from compensation.models import OrderStatus
from feedback.defaults.reviews import seed_reviews
from tests.factories.compensation import (
    T0,
    MemberFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    ShipmentFactory,
)

DAY = timedelta(days=1)


def house():
    """Dimensions, reasons, signals and words as they ship."""
    seed_reviews(T0)


def received(*, at=T0, lines=1, member=None, status=OrderStatus.DELIVERED, category="服饰", **order):
    """An order whose lines came at a moment; gives the lines."""
    member = member or MemberFactory()
    order = OrderFactory(member=member, status=status, placed_at=at - 5 * DAY, **order)
    parcel = ShipmentFactory(order=order, delivered_at=at)
    return [
        OrderLineFactory(order=order, shipment=parcel, product=ProductFactory(category=category))
        for _ in range(lines)
    ]


def photo(name="照片.jpg", exif=True, size=(64, 48)):
    """A picture as a telephone takes it, with the place in it."""
    image, file = Image.new("RGB", size, "teal"), io.BytesIO()
    tags = Image.Exif()
    tags[0x010E] = "at home"
    image.save(file, "JPEG", exif=tags if exif else None)
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")
