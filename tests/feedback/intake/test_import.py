"""Importing files into the tables, end to end."""

import csv
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from compensation.defaults import tiers
from compensation.models import Member, Order, OrderLine, Shipment, ShipmentEvent, TierPeriod
from compensation.shop_import import engine
from compensation.shop_import.errors import FileError, MapError
from compensation.shop_import.reports import Report
from compensation.shop_import.targets import Target
from config.common.models import Event
from feedback.intake import shop
from feedback.models import Review

AT = datetime(2026, 3, 10, tzinfo=UTC)
MAP = """
timezone: Asia/Shanghai
joins:
  totals: {file: lines.csv, key: 订单, take: {金额: sum}}
entities:
  product:
    file: lines.csv
    repeats: skip
    fields: {external_id: 商品}
  member:
    file: members.csv
    fields: {external_id: 会员, name: 姓名, registered_at: 注册, phone: {column: 手机, default: ""}}
  order:
    file: orders.csv
    joins: {totals: 订单}
    fields:
      external_id: 订单
      member: 会员
      status: {column: 状态, values: {已付: paid, 已收: delivered, 取消: cancelled}}
      total: {column: totals.金额, default: 0}
      placed_at: 下单
  shipment:
    file: orders.csv
    only_if: [运单]
    fields: {order: 订单, external_id: 运单, delivered_at: 送达}
  line:
    file: lines.csv
    fields:
      order: 订单
      external_id: 行
      product: 商品
      shipment: 运单
      paid: 金额
      deliver_by: {column: 承诺, end_of_day: true}
  carrier_event:
    file: events.csv
    fields: {order: 订单, shipment: 运单, at: 时间, code: 代码}
  review:
    file: reviews.csv
    fields: {external_id: 评价, order: 订单, stars: 星级, text: 内容, written_at: 时间}
"""
FILES = {
    "members.csv": "会员,姓名,注册,手机\nM1,王小明,2026-01-01,13800000000\nM2,李雷,2026-02-01 08:30,\n",
    "orders.csv": (
        "订单,会员,状态,下单,运单,送达\n"
        "O1,M1,已收,2026-03-01 10:00,S1,2026-03-05 12:00\n"
        "O2,M2,已付,2026-03-02 10:00,,\n"
    ),
    "lines.csv": (
        "订单,行,商品,运单,金额,承诺\n"
        "O1,1,P1,S1,600.50,2026-03-03\nO1,2,P2,S1,9.50,2026-03-03\nO2,1,P1,,20,2026-03-20\n"
    ),
    "events.csv": "订单,运单,时间,代码\nO1,S1,2026-03-04 09:00,揽收\n",
    "reviews.csv": '评价,订单,星级,内容,时间\nR1,O1,2,"太慢了，\n等了两天",2026-03-06\n',
}


@pytest.fixture
def shop_files(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def seeded(db):
    tiers.seed(AT)


def run(folder, at=AT, report=None, text=MAP):
    with Report(report) as rejects:
        return shop.of_files([folder], shop.parse_map(text)).run(at=at, report=rejects)


def rejected(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.req("C1")
def test_files_become_members_orders_and_reviews(seeded, shop_files):
    run(shop_files)
    order = Order.objects.get(external_id="O1")
    assert (order.member.name, order.status, order.total_fen) == ("王小明", "delivered", 61_000)
    assert order.placed_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    line = order.lines.get(external_id="1")
    assert (line.product.external_id, line.shipment.external_id, line.paid_fen) == ("P1", "S1", 60_050)
    assert line.deliver_by == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert OrderLine.objects.get(order__external_id="O2").shipment is None
    assert ShipmentEvent.objects.get().code == "揽收"
    review = Review.objects.get()
    assert (review.member, review.stars, review.text) == (order.member, 2, "太慢了，\n等了两天")
    assert order.member.tier.code == "silver"
    assert Member.objects.get(external_id="M2").tier.code == "ordinary"
    assert TierPeriod.objects.filter(ends_at=None).count() == 2


@pytest.mark.req("C1")
def test_a_second_run_changes_nothing(seeded, shop_files):
    run(shop_files)
    before = list(Order.objects.order_by("pk").values()), Event.objects.count(), TierPeriod.objects.count()
    result = run(shop_files, at=AT + timedelta(days=1))
    assert before == (
        list(Order.objects.order_by("pk").values()),
        Event.objects.count(),
        TierPeriod.objects.count(),
    )
    for count in result.counts.values():
        assert (count.inserted, count.updated, count.rejected) == (0, 0, 0)


def test_what_changed_is_updated_and_its_order_touched(seeded, shop_files):
    run(shop_files)
    text = FILES["orders.csv"].replace("S1,2026-03-05 12:00", "S1,2026-03-05 13:00")
    (shop_files / "orders.csv").write_text(text)
    later = AT + timedelta(days=1)
    result = run(shop_files, at=later)
    assert {name: count.updated for name, count in result.counts.items() if count.updated} == {"shipment": 1}
    assert Shipment.objects.get().delivered_at == datetime(2026, 3, 5, 5, tzinfo=UTC)
    assert dict(Order.objects.values_list("external_id", "changed_at")) == {"O1": later, "O2": AT}


@pytest.mark.req("F23")
def test_an_erased_member_stays_erased(seeded, shop_files):
    run(shop_files)
    Member.objects.filter(external_id="M1").update(name="", phone="", erased_at=AT)
    run(shop_files)
    assert (Member.objects.get(external_id="M1").name, Order.objects.count()) == ("", 2)


def test_bad_rows_are_reported_and_the_good_ones_land(seeded, shop_files, tmp_path):
    (shop_files / "orders.csv").write_text(
        FILES["orders.csv"]
        + "O3,M9,已付,2026-03-02,,\n"  # no such member
        + "O4,M1,丢失,2026-03-02,,\n"  # no such status
        + "O5,M1,已付,昨天,,\n"
        + "O6,M1,已付\n"
        + "O1,M2,已付,2026-03-01 10:00,,\n"  # O1 again, otherwise
        + "=1+1,M1,已付,,,\n"
    )
    report = tmp_path / "bad.csv"
    result = run(shop_files, report=report)
    assert Order.objects.count() == 2
    assert result.counts["order"].rejected == 6
    lines = {(row[1], row[2], row[3]) for row in rejected(report) if row[0] == "orders.csv"}
    assert {
        ("4", "会员", "M9"),
        ("5", "状态", "丢失"),
        ("6", "下单", "昨天"),
        ("7", "", ""),
        ("8", "", ""),
        ("9", "下单", ""),
    } <= lines
    assert all(row[4] for row in rejected(report))


def test_a_good_file_leaves_no_report(seeded, shop_files, tmp_path):
    report = tmp_path / "bad.csv"
    report.write_text("of the last run")
    run(shop_files, report=report)
    assert not report.exists()


def test_a_file_that_breaks_off_keeps_what_came_before(seeded, shop_files, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 1)
    (shop_files / "members.csv").write_text(FILES["members.csv"] + 'M3,"' + "x" * 200_000)
    result = run(shop_files, report=tmp_path / "bad.csv")
    assert Member.objects.count() == 2
    assert Order.objects.count() == 2
    assert len(result.failures) == 1
    assert "members.csv" in result.failures[0]


def test_a_joined_file_that_breaks_off_lends_nothing(seeded, shop_files):
    (shop_files / "lines.csv").write_text(FILES["lines.csv"] + 'O2,2,"' + "x" * 200_000)
    result = run(shop_files)
    assert Order.objects.count() == 0
    assert result.failures


def test_nothing_is_written_when_a_header_does_not_fit(seeded, shop_files):
    (shop_files / "reviews.csv").write_text("评价,订单\nR1,O1\n")
    with pytest.raises(FileError, match="内容"):
        run(shop_files)
    assert not Member.objects.exists()


def test_a_joined_file_that_is_missing_is_named(seeded, shop_files):
    (shop_files / "lines.csv").unlink()
    with pytest.raises(FileError, match=r"lines\.csv"):
        run(shop_files)


def test_files_that_the_map_does_not_know(seeded, shop_files):
    (shop_files / "other.csv").write_text("a,b\n")
    assert run(shop_files).unused == ["other.csv"]
    with pytest.raises(FileError):
        shop.of_files([shop_files / "other.csv"], shop.parse_map(MAP)).check()


def test_a_map_must_fill_what_is_required(seeded, shop_files):
    with pytest.raises(MapError, match="placed_at"):
        run(shop_files, text=MAP.replace("      placed_at: 下单\n", ""))


def test_some_of_the_files_are_enough(seeded, shop_files):
    (shop_files / "reviews.csv").unlink()
    (shop_files / "events.csv").unlink()
    run(shop_files)
    assert Order.objects.count() == 2


def test_a_preview_shows_values_and_faults_and_writes_nothing(seeded, shop_files):
    (shop_files / "orders.csv").write_text(FILES["orders.csv"] + "O3,M1,丢失,2026-03-02,,\n")
    shown = {one.entity: one for one in shop.of_files([shop_files], shop.parse_map(MAP)).preview()}
    assert shown["order"].rows[0][:4] == ["O1", "M1", "delivered", 61_000]
    assert [reject.value for reject in shown["order"].rejects] == ["丢失"]
    assert not Member.objects.exists()


def big(folder: Path, members: int) -> None:
    folder.mkdir()
    with (folder / "members.csv").open("w") as file:
        file.write("会员,姓名,注册,手机\n")
        for number in range(members):
            file.write(f"M{number},会员{number},2026-01-01,\n")


def test_a_large_file_takes_no_more_memory_than_a_small_one(db, tmp_path):
    """The rows are counted, not written, to measure the reading alone."""

    class Counting(Target):
        def write(self, items, at):
            return engine.Written([], len(items), 0)

    target = next(one for one in shop.TARGETS if one.name == "member")
    counting = Counting(
        name="member", model=target.model, key=target.key, fields=target.fields, optional=target.optional
    )
    targets = [counting if one is target else one for one in shop.TARGETS]
    peaks = []
    for name, members in (("small", 3_000), ("warm", 3_000), ("large", 40_000)):
        big(tmp_path / name, members)
        column_map = shop.parse_map(MAP)
        work = engine.Import([tmp_path / name / "members.csv"], column_map, targets)
        tracemalloc.start()
        with Report(None) as rejects:
            assert work.run(at=AT, report=rejects).counts["member"].inserted == members
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] * 1.5


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_in_the_middle_is_completed_by_the_next(tmp_path, monkeypatch):
    tiers.seed(AT)
    big(tmp_path / "shop", 30)
    monkeypatch.setattr(engine, "BATCH", 10)
    wrote = []
    write = Target.write

    def dying(self, items, at):
        if len(wrote) == 2:
            write(self, items, at)
            raise KeyboardInterrupt
        wrote.append(1)
        return write(self, items, at)

    monkeypatch.setattr(Target, "write", dying)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "shop")
    assert Member.objects.count() == 20
    monkeypatch.setattr(Target, "write", write)
    count = run(tmp_path / "shop").counts["member"]
    assert (count.inserted, count.unchanged) == (10, 20)


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_files_at_once(shop_files, monkeypatch):
    tiers.seed(AT)
    monkeypatch.setattr(engine, "BATCH", 1)
    together = threading.Barrier(2)
    results, errors = [], []

    def work():
        try:
            together.wait()
            results.append(run(shop_files))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for name, rows in {"member": 2, "order": 2, "line": 3, "shipment": 1, "review": 1}.items():
        assert sum(result.counts[name].inserted for result in results) == rows
        assert sum(result.counts[name].rejected for result in results) == 0
    assert TierPeriod.objects.filter(ends_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_change_is_found_by_the_transaction_that_made_it(shop_files):
    from compensation.orders import queries

    tiers.seed(AT)
    run(shop_files)
    first = queries.changed_since(0, 0, limit=10)
    assert len(first) == 2
    assert queries.changed_since(*first[0], limit=10) == first[1:]
    with transaction.atomic():
        Order.objects.filter(external_id="O1").update(region="江苏")
        assert queries.changed_since(*first[-1], limit=10) == []
    assert [row[1] for row in queries.changed_since(*first[-1], limit=10)] == [
        Order.objects.get(external_id="O1").pk
    ]
