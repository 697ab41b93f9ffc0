"""Reviews as a target of an import."""

from compensation.models import Order, Product
from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Reference, Target
from feedback.models import Review

REVIEW = Target(
    name="review",
    model=Review,
    key=("external_id",),
    fields={
        "external_id": FieldType(longest=80, required=True),
        "order": FieldType(longest=64, required=True),
        "product": FieldType(longest=64),
        "stars": FieldType(Type.NUMBER, required=True, least=1, most=5),
        "title": FieldType(longest=200, cut=True),
        "text": FieldType(longest=20_000),
        "asked_at": FieldType(Type.TIME, past=True),
        "written_at": FieldType(Type.TIME, required=True, past=True),
    },
    columns={"order": "order_id", "product": "product_id"},
    references=(
        Reference("order", Order, lends={"member_id": "member_id"}),
        Reference("product", Product),
    ),
    defaults=lambda _at: {"title": "", "text": ""},
)
