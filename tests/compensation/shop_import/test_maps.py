import pytest

from compensation.shop_import.errors import MapError
from compensation.shop_import.maps import load, parse

KNOWN = {"member": ("external_id", "name"), "order": ("external_id", "status")}
GOOD = """
timezone: Asia/Shanghai
joins:
  people: {file: p.csv, key: id, take: {name: first}}
entities:
  member:
    file: m.csv
    joins: {people: id}
    fields: {external_id: id, name: people.name}
"""


def test_a_map_knows_which_columns_each_file_must_have():
    column_map = parse(GOOD, KNOWN)
    assert column_map.entities[0].columns == {"id"}
    assert column_map.joins["people"].columns == {"id", "name"}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("timezone: Asia/Shanghai", "", "timezone"),
        ("Asia/Shanghai", "Asia/Nowhere", "timezone"),
        ("Asia/Shanghai", "../../etc/passwd", "timezone"),
        ("entities:", "entitys:", "entitys"),
        ("  member:", "  client:", "entities.client"),
        ("external_id: id", "number: id", "entities.member.fields.number"),
        ("external_id: id", "external_id: {}", "entities.member.fields.external_id"),
        ("external_id: id", "external_id: {column: id, value: 1}", "entities.member.fields.external_id"),
        (
            "external_id: id",
            "external_id: {column: id, colour: 1}",
            "entities.member.fields.external_id.colour",
        ),
        ("external_id: id", "external_id: {column: [id]}", "entities.member.fields.external_id.column"),
        (
            "external_id: id",
            "external_id: {column: id, end_of_day: 1}",
            "entities.member.fields.external_id.end_of_day",
        ),
        ("people.name", "people.age", "entities.member.fields.name"),
        ("people.name", "others.name", "entities.member.fields.name"),
        ("{people: id}", "{others: id}", "entities.member.joins.others"),
        ("{name: first}", "{name: middle}", "joins.people.take.name"),
        ("file: m.csv", "repeats: maybe\n    file: m.csv", "entities.member.repeats"),
        ("    file: m.csv\n", "", "entities.member.file"),
    ],
)
def test_a_wrong_map_is_refused_with_the_place_named(old, new, place):
    with pytest.raises(MapError) as caught:
        parse(GOOD.replace(old, new, 1), KNOWN)
    assert caught.value.details["path"] == place
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "[1, 2]",
        "a: [",
        "entities: {}",
        "!!python/object/apply:os.system ['true']",
        "a: &a [*a]\x00",
    ],
)
def test_what_is_not_a_map_is_refused(text):
    with pytest.raises(MapError):
        parse(text, KNOWN)


def test_a_map_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(MapError):
        load(tmp_path / "missing.yaml", KNOWN)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(MapError):
        load(tmp_path / "binary.yaml", KNOWN)
    (tmp_path / "huge.yaml").write_text("#" * 1_000_001)
    with pytest.raises(MapError):
        load(tmp_path / "huge.yaml", KNOWN)
