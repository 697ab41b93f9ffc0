"""manage.py import_shop."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from compensation.defaults import tiers
from compensation.models import Member, Order, PieceReturn
from config.common.models import Event
from feedback.models import ImportRun, Review
from tests.factories.compensation import OrderLineFactory

OLIST = {
    "olist_customers.csv": (
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
        "c1,u1,1,são paulo,SP\nc2,u1,1,são paulo,SP\n"
    ),
    "olist_orders.csv": (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
        "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n"
        "o2,c2,unavailable,2018-02-01 10:00:00,,,,2018-03-01 00:00:00\n"
        "o1,c1,delivered,2017-07-09 21:57:05,2017-07-09 22:10:13,2017-07-11 14:58:04,2017-07-26 10:57:55,"
        "2017-08-01 00:00:00\n"
    ),
    "olist_order_items.csv": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
        "o1,1,p1,s,2017-07-12 10:00:00,99.9,10.05\no1,2,p1,s,2017-07-12 10:00:00,0.1,1\n"
    ),
    "olist_order_payments.csv": (
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\n"
        "o1,1,credit_card,1,100.05\no1,2,voucher,1,11\n"
    ),
    "olist_products.csv": "product_id,product_category_name\np1,bebes\n",
    "olist_order_reviews.csv": (
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
        "review_answer_timestamp\n"
        'r1,o1,4,,"bom\n\nmuito bom",2017-07-27 00:00:00,2017-07-28 10:00:00\n'
        "r1,o2,1,,,2017-07-27 00:00:00,2017-07-28 10:00:00\n"
    ),
}


@pytest.fixture
def olist(tmp_path, db):
    tiers.seed(timezone.now())
    for name, text in OLIST.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder, *args, column_map="olist"):
    out = StringIO()
    call_command(
        "import_shop",
        "--map",
        column_map,
        "--no-progress",
        "--rejects",
        str(folder / "bad"),
        *args,
        str(folder),
        stdout=out,
    )
    return out.getvalue()


@pytest.mark.req("C1")
def test_the_olist_layout_is_imported(olist):
    assert "rows in" in run(olist)
    member = Member.objects.get()
    assert (member.external_id, member.region) == ("u1", "SP")
    assert member.registered_at.isoformat() == "2017-07-10T00:57:05+00:00"
    order = Order.objects.get(external_id="o1")
    assert (order.total_fen, order.freight_fen, order.payment_method) == (11_105, 1_105, "credit_card")
    line = order.lines.get(external_id="1")
    assert line.deliver_by.isoformat() == "2017-08-02T03:00:00+00:00"
    assert line.shipment.delivered_at.isoformat() == "2017-07-26T13:57:55+00:00"
    assert Order.objects.get(external_id="o2").status == "cancelled"
    assert set(order.lines.values_list("supplier", flat=True)) == {"s"}
    assert Review.objects.get(order=order).text == "bom\n\nmuito bom"
    assert Review.objects.count() == 2
    assert Event.objects.filter(kind="import.finished").count() == 1


def test_a_map_or_file_that_is_wrong_ends_with_its_reason(olist):
    with pytest.raises(CommandError, match="nowhere"):
        run(olist, column_map="nowhere.yaml")
    (olist / "olist_orders.csv").write_text("order_id\n")
    with pytest.raises(CommandError, match="customer_id"):
        run(olist)
    assert ImportRun.objects.get().status == "failed"
    assert not Member.objects.exists()


def test_the_shop_needs_its_tiers(tmp_path, db):
    for name, text in OLIST.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(CommandError, match="seed_defaults"):
        run(tmp_path)


PEOPLE = """
timezone: Asia/Shanghai
entities:
  member:
    file: people.csv
    fields: {external_id: id, registered_at: since}
  referral:
    file: people.csv
    only_if: [by]
    fields: {member: id, referrer: by}
"""


@pytest.mark.req("C4")
def test_who_referred_whom_comes_with_the_members(olist):
    for path in olist.iterdir():
        path.unlink()
    (olist / "people.yaml").write_text(PEOPLE)
    rows = [
        "id,since,by",
        "m2,2026-01-02,m1",  # whose row comes later
        "m1,2026-01-01,",
        "m3,2026-01-03,m9",  # nobody
        "m4,2026-01-01,m2",  # joined before
        "m5,2026-01-05,m5",  # themselves
    ]
    (olist / "people.csv").write_text("\n".join(rows))
    for _again in range(2):
        run(olist, column_map=str(olist / "people.yaml"))
        found = dict(Member.objects.values_list("external_id", "referrer__external_id"))
        assert found == {"m1": None, "m2": "m1", "m3": None, "m4": None, "m5": None}
        rejected = (olist / "bad").read_text()
        assert [f"people.csv,{line}," in rejected for line in (2, 4, 5, 6)] == [False, True, True, True]
        (olist / "bad").unlink()
    assert Event.objects.filter(kind="member.referred").count() == 1


RETURNS = """
timezone: Asia/Shanghai
entities:
  return:
    file: back.csv
    fields: {order: o, external_id: ref, line: l, quantity: n, arrived_at: at}
"""


@pytest.mark.req("C6")
def test_what_came_back_is_imported_once_and_what_cannot_be_is_told(olist):
    for path in olist.iterdir():
        path.unlink()
    line = OrderLineFactory(quantity=3, order__status="delivered", order__external_id="o1", external_id="1")
    (olist / "returns.yaml").write_text(RETURNS)
    rows = ["o,ref,l,n,at", "o1,R1,1,1,2026-11-20", "o1,R2,1,,2026-11-21", "o1,R3,1,1,2026-11-21"]
    rows += ["o9,R1,1,1,2026-11-20", "o1,R1,9,1,2026-11-20", "o1,R4,1,0,2026-11-20"]
    (olist / "back.csv").write_text("\n".join(rows))
    for _again in range(2):
        run(olist, column_map=str(olist / "returns.yaml"))
        back = PieceReturn.objects.filter(order_line=line).order_by("external_id")
        assert list(back.values_list("external_id", "quantity")) == [("R1", 1), ("R2", 2)]
        rejected = (olist / "bad").read_text()
        assert [f"back.csv,{number}," in rejected for number in (2, 3, 4, 5, 6, 7)] == [
            False,
            False,
            True,
            True,
            True,
            True,
        ]
        (olist / "bad").unlink()
    assert Event.objects.filter(kind="order.pieces_returned").count() == 2
