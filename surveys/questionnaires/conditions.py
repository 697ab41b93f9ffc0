"""Branching: whether a question is shown, by what was answered before it and by what we know.

A condition is `{}` (always), or `{"all": [clause, ...]}`, or `{"any": [clause, ...]}`. A clause is
`{"of": "answer", "name": "csat", "is": "at_most", "value": 2}`, of an answer by the question's code, or of
something known, such as the tier, by its name.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

KNOWN: dict[str, str | Promise] = {
    "tier": _("tier"),
    "segment": _("segment"),
    "language": _("language"),
    "category": _("product category"),
    "aspect": _("what the case was about"),
}
"""What we know when we ask: each a set of codes."""
SOURCES = ("answer", "known")
NUMERIC = ("at_most", "at_least")
SETS = ("one_of", "none_of")
TESTS: dict[str, str | Promise] = {
    "at_most": _("at most"),
    "at_least": _("at least"),
    "one_of": _("one of"),
    "none_of": _("none of"),
    "answered": _("was answered"),
}
JOINS = ("all", "any")
MOST, MOST_CODES, LONGEST, LARGEST = 10, 100, 50, 10**9
"""Clauses of one condition, codes of one clause, characters of a name, the number it compares with."""

Value = int | float | frozenset[str]
"""What was answered as a condition sees it: a number, or the codes that were chosen; of a text, none."""
Answers = Mapping[str, Value]
Known = Mapping[str, Collection[str]]


def holds(condition: Mapping[str, Any], answers: Answers, known: Known) -> bool:
    """Whether a condition is met. What was not answered is neither at most, nor at least, nor one of any."""
    if not condition:
        return True
    join = next(iter(condition))
    met = (_met(clause, answers, known) for clause in condition[join])
    return all(met) if join == "all" else any(met)


def _met(clause: Mapping[str, Any], answers: Answers, known: Known) -> bool:
    name, test = clause["name"], clause["is"]
    wanted: Any = clause.get("value")
    value = answers.get(name) if clause["of"] == "answer" else frozenset(known.get(name, ()))
    if test == "answered":
        return value is not None
    if test in NUMERIC:
        if not isinstance(value, int | float):
            return False
        return bool(value <= wanted if test == "at_most" else value >= wanted)
    codes = value if isinstance(value, frozenset) else frozenset(() if value is None else [f"{value:g}"])
    found = bool(codes & {str(one) for one in wanted})
    return found if test == "one_of" else not found


def check(condition: Any, before: Collection[str]) -> dict[str, Any]:
    """The condition, when it makes sense after the questions with the codes `before`.

    Raises:
        Invalid: it does not.
    """
    return _read(condition, before)


def structure(condition: Any) -> dict[str, Any]:
    """The condition, when it can be read, wherever it stands: a draft may ask for what is still to come.

    Raises:
        Invalid: it cannot be read.
    """
    return _read(condition, None)


def asked_in(condition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a condition."""
    for clauses in condition.values():
        yield from clauses


def _read(condition: Any, before: Collection[str] | None) -> dict[str, Any]:
    if condition in ({}, None):
        return {}
    if not isinstance(condition, dict) or len(condition) != 1 or next(iter(condition)) not in JOINS:
        raise Invalid(_("A condition joins its parts by all or any."))
    join, clauses = next(iter(condition.items()))
    if not isinstance(clauses, list) or not 0 < len(clauses) <= MOST:
        raise Invalid(_("A condition has one to ten parts."))
    return {join: [_checked(clause, before) for clause in clauses]}


def _checked(clause: Any, before: Collection[str] | None) -> dict[str, Any]:
    of, name, test, value = _parts(clause)
    if of == "answer" and before is not None and name not in before:
        raise Invalid(
            _("The condition asks for an answer that is not given before: %(code)s") % {"code": name}
        )
    if of == "known" and name not in KNOWN:
        raise Invalid(_("This is not known when we ask: %(name)s") % {"name": name})
    checked = {"of": of, "name": name, "is": test}
    if test in NUMERIC:
        if of == "known" or isinstance(value, bool) or not isinstance(value, int | float):
            raise Invalid(_("At most and at least compare an answer with a number."))
        if not abs(value) <= LARGEST:
            raise Invalid(_("A part of the condition cannot be read."))
        return {**checked, "value": value}
    if test in SETS:
        if not isinstance(value, list) or not 0 < len(value) <= MOST_CODES:
            raise Invalid(_("Say which ones the condition is about."))
        codes = [str(one) for one in value]
        if not all(map(_is_word, codes)):
            raise Invalid(_("A part of the condition cannot be read."))
        return {**checked, "value": codes}
    return checked


def _parts(clause: Any) -> tuple[str, str, str, Any]:
    """Of what, its name, the test and the value of a clause, where these are words at all."""
    given: dict[str, Any] = clause if isinstance(clause, dict) else {}
    of, name, test = (given.get(part) for part in ("of", "name", "is"))
    if not all(map(_is_word, (of, name, test))) or of not in SOURCES or test not in TESTS:
        raise Invalid(_("A part of the condition cannot be read."))
    return str(of), str(name), str(test), given.get("value")


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()
