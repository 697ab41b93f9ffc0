"""What a chart is written down as: well-formed, and whatever words hold they stay words."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from kpis.charts.drawing import Cell, Dot, Line, Path, Rect, Row, Table, Words
from kpis.charts.writing import html, svg

HOSTILE = "\"'><script>alert(1)</script>&amp;"
words = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff")
) | st.just(HOSTILE)


def read(written):
    return ET.fromstring(f"<g>{written}</g>")


@given(words)
def test_words_of_marks_stay_words(said):
    found = read(
        svg(
            [
                Rect(0, 1, 2, 3, "q1", said),
                Dot(1, 2, 3, said, said),
                Words(1, 2, said),
                Line(0, 0, 1, 1, said),
            ]
        )
    )
    assert [one.tag for one in found] == ["rect", "circle", "text", "line"]
    assert [one.text or "" for one in found.iter("title")] == ([said, said] if said else [])
    assert (found[2].text or "") == said
    assert found[3].get("class") == said


@given(words, words, words)
def test_words_of_tables_stay_words(name, text, href):
    found = read(html(Table([name, text], [Row(name, [Cell(text, href), Cell(text)])])))
    heads, cells = list(found.iter("th")), list(found.iter("td"))
    assert (heads[-1].text or "") == name
    assert "".join(cells[-1].itertext()) == text
    assert "".join(cells[-2].itertext()) == text
    assert [one.get("href") for one in found.iter("a")] == ([href] if href else [])


def test_marks_stand_where_they_are_drawn():
    [box, way, text] = read(
        svg([Rect(0.5, 1.25, 2, 3, "band"), Path(((0, 0), (1, 2.5)), "s1", True), Words(1, 2, "三")])
    )
    assert (box.get("x"), box.get("y"), box.get("width"), box.find("title")) == ("0.5", "1.25", "2", None)
    assert way.get("d") == "M0 0L1 2.5Z"
    assert (text.get("text-anchor"), text.text) == ("start", "三")


def test_an_empty_table_is_a_table():
    assert read(html(Table([], []))).find("table") is not None
