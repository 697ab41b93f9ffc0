import pytest

from compensation.defaults import money
from feedback.defaults.knowledge import seed_knowledge
from feedback.defaults.playbooks import seed_playbooks, seed_templates
from feedback.knowledge import commands, tone
from feedback.knowledge.queries import find
from feedback.models import Article, ArticleText, Language, Playbook, Template, ToneRule
from feedback.playbooks import rules
from tests.factories.compensation import T0

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21"), pytest.mark.req("F6")]


def seed():
    for one in (money.seed, seed_knowledge, seed_templates, seed_playbooks):
        one(T0)


def test_what_ships_is_in_force_in_both_languages_and_comes_once():
    seed()
    seed()
    assert Article.objects.filter(status="published").count() == Article.objects.count() >= 35
    assert ArticleText.objects.filter(words=None).count() == 0
    assert ArticleText.objects.count() == 2 * Article.objects.count()
    assert Playbook.objects.count() == 13


def test_every_article_is_found_by_each_of_its_ways_of_asking():
    seed_knowledge(T0)
    missed = []
    for text in ArticleText.objects.select_related("article"):
        for way in [text.title, *text.questions.splitlines()]:
            found = find(way, audience="agent", language=text.language, limit=1)
            if not found or found[0].code != text.article.code:
                missed.append((way, text.article.code, found and found[0].code))
    assert not missed


def test_templates_keep_our_own_tone():
    seed_templates(T0)
    bad = []
    for template in Template.objects.all():
        kind = "complaint" if template.tone == "apology" else "enquiry"
        found = tone.check(template.body, ToneRule.objects.all(), language=template.language, kind=kind)
        bad += [(template.code, template.language, one.rule, one.found) for one in found]
    assert not bad


def test_playbooks_name_templates_that_are_there_in_every_language():
    seed()
    for playbook in Playbook.objects.all():
        content = rules.read(playbook.versions.get().content)
        assert content.steps
        known = Template.objects.filter(code=content.template_code)
        assert {one.language for one in known} == set(Language.values)


def test_an_edit_stays():
    seed()
    Template.objects.filter(code="late").update(body="…")
    commands.retire(article_id=Article.objects.get(code="invoice").pk, actor=None, at=T0)
    seed()
    assert Template.objects.filter(body="…").count() == 2
    assert Article.objects.get(code="invoice").status == "retired"
