"""Texts are found, merged, compiled and checked without gettext's programs."""

import gettext

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from config.common import translations

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
HELLO = _("Hello %(name)s")
LONG = _(
    "one "
    "text"
)
OPEN = pgettext("verb", "Open")
def said(n): return f"{n}: {_('Said')}"
def cases(n): return ngettext("%(n)d case", "%(n)d cases", n)
"""
TEMPLATE = """
{% load i18n %}
<div>
      <p title="{% translate 'Title' %}">it's "x {{ a|default:_("None") }}</p>
  {% blocktranslate trimmed count n=cases with who=x.y %}
     One of {{ who }}
  {% plural %}
     {{ n }} of {{ who }}
  {% endblocktranslate %}
   </div> {# a comment #}
  {% translate "Open" context "state" %}
"""
CHINESE = {
    "Hello %(name)s": "你好，%(name)s",
    "one text": "一段文字",
    "Title": "标题",
    "None": "无",
    "Said": "说",
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """An app with texts in Python and in a template."""
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "FOLDERS", ("shop",))
    (tmp_path / "shop" / "templates").mkdir(parents=True)
    (tmp_path / "shop" / "views.py").write_text(PYTHON)
    (tmp_path / "shop" / "templates" / "page.html").write_text(TEMPLATE)
    translations.update("shop")
    return tmp_path / "shop"


def translate(texts=CHINESE):
    po = translations.po_path("shop")
    text = po.read_text()
    for source, target in texts.items():
        text = text.replace(f'msgid "{source}"\nmsgstr ""', f'msgid "{source}"\nmsgstr "{target}"')
    text = text.replace('msgid "Open"\nmsgstr ""', 'msgid "Open"\nmsgstr "打开"')
    text = text.replace(
        'msgid_plural "%(n)d cases"\nmsgstr[0] ""', 'msgid_plural "%(n)d cases"\nmsgstr[0] "%(n)d 件"'
    )
    text = text.replace('of %(who)s"\nmsgstr[0] ""', 'of %(who)s"\nmsgstr[0] "%(who)s 的 %(n)s 件"')
    po.write_text(text)


def test_all_texts_are_found_in_order_and_without_places(shop):
    text = translations.po_path("shop").read_text()
    ids = [line for line in text.splitlines() if line.startswith("msgid ")]
    assert ids == [
        'msgid ""',
        'msgid "%(n)d case"',
        'msgid "Hello %(name)s"',
        'msgid "None"',
        'msgid "One of %(who)s"',
        'msgid "Open"',
        'msgid "Open"',
        'msgid "Said"',
        'msgid "Title"',
        'msgid "one text"',
    ]
    assert "#:" not in text
    assert "POT-Creation-Date" not in text


def test_untranslated_texts_are_named_with_their_place(shop):
    found = list(translations.problems())
    assert len(found) == 9
    assert "shop/views.py:3: not translated in shop: 'Hello %(name)s'" in found
    assert "shop/templates/page.html:4: not translated in shop: 'Title'" in found


def test_what_is_translated_passes_and_compiles(shop):
    translate()
    assert list(translations.problems()) == []
    translations.compile_changed()
    with translations.po_path("shop").with_suffix(".mo").open("rb") as file:
        known = gettext.GNUTranslations(file)
    assert known.gettext("Title") == "标题"
    assert known.pgettext("verb", "Open") == "打开"
    assert known.ngettext("%(n)d case", "%(n)d cases", 5) == "%(n)d 件"


def test_updating_keeps_translations_adds_new_texts_and_drops_old_ones(shop):
    translate()
    before = translations.po_path("shop").read_text()
    translations.update("shop")
    assert translations.po_path("shop").read_text() == before
    (shop / "views.py").write_text(PYTHON.replace("one ", "another "))
    assert "shop: no longer in the source: 'one text'" in list(translations.problems())
    translations.update("shop")
    assert "shop/views.py:5: not translated in shop: 'another text'" in list(translations.problems())
    assert "一段文字" not in translations.po_path("shop").read_text()


@pytest.mark.parametrize("wrong", ["你好", "你好，%(nmae)s", "你好，%(name)s，%(n)d"])
def test_other_placeholders_are_refused(shop, wrong):
    translate({**CHINESE, "Hello %(name)s": wrong})
    assert list(translations.problems()) == ["shop/views.py:3: other placeholders in shop: 'Hello %(name)s'"]


def test_a_fuzzy_translation_is_refused(shop):
    translate()
    po = translations.po_path("shop")
    po.write_text(po.read_text().replace('msgid "Title"', '#, fuzzy\nmsgid "Title"'))
    assert list(translations.problems()) == ["shop/templates/page.html:4: fuzzy in shop: 'Title'"]


def test_two_apps_that_differ_on_a_text_are_told(shop, monkeypatch):
    monkeypatch.setattr(translations, "FOLDERS", ("shop", "other"))
    other = translations.ROOT / "other"
    other.mkdir()
    (other / "views.py").write_text('from x import _\nTITLE = _("Title")\n')
    translate()
    translations.update("other")
    po = translations.po_path("other")
    po.write_text(po.read_text().replace('msgstr ""\n', 'msgstr "抬头"\n').replace('"抬头"', '""', 1))
    assert list(translations.problems()) == [
        "other/views.py:2: other and shop differ on 'Title': use pgettext"
    ]


def test_compiling_again_writes_nothing_unless_something_changed(shop):
    translate()
    translations.compile_changed()
    mo = translations.po_path("shop").with_suffix(".mo")
    first = mo.stat().st_mtime_ns
    translations.compile_changed()
    assert mo.stat().st_mtime_ns == first


@pytest.mark.parametrize("folder", translations.FOLDERS)
def test_no_library_says_what_our_own_texts_mean(folder):
    with translations.po_path(folder).open("rb") as file:
        messages = [one for one in read_po(file) if one.id and isinstance(one.id, str)]
    with translation.override("zh-hans"):
        others = [
            one.id
            for one in messages
            if one.string
            != (translation.pgettext(one.context, one.id) if one.context else translation.gettext(one.id))
        ]
    assert messages
    assert others == []
