"""Somebody before the questions: what they see on which page, what they have answered, where they go next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from surveys.models import Campaign, DraftFile, Invitation, Layout, Question, SurveyVersion
from surveys.models.questionnaire import in_language
from surveys.questionnaires.piping import filled, values_of
from surveys.questionnaires.queries import questions_of
from surveys.responses import drafts, places, rules
from surveys.responses.fields import Field
from surveys.responses.places import Place
from surveys.responses.rules import FILED, Seen

PLACEHOLDER = "{"


@dataclass(slots=True, kw_only=True)
class Sitting:
    """One visit to the questions of a place. `path` is where its forms are sent, `thanks` where it ends."""

    place: Place
    version: SurveyVersion
    campaign: Campaign
    path: str = ""
    thanks: str = ""
    language: str = ""
    about: str = ""
    is_open: bool = False
    """Whether it came by an open link: guarded against machines."""
    frames: Sequence[str] = ()
    """The sites in whose frames it may stand."""
    questions: list[Question] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    files: Mapping[str, Sequence[DraftFile]] = field(default_factory=dict)
    last: str = ""
    _seen: Seen | None = None

    def load(self) -> None:
        """Read the questions and the draft."""
        self.questions = list(questions_of(self.version.pk))
        draft = drafts.of(self.place)
        if draft is not None:
            self.answers, self.last = dict(draft.answers), draft.last
            self.load_files()

    @property
    def filed(self) -> list[Question]:
        """The questions that are answered with files."""
        return [question for question in self.questions if question.kind in FILED]

    def load_files(self) -> None:
        """Read the files of the draft, where a question asks for some."""
        if self.filed:
            self.files = drafts.files_of(self.place)
            self._seen = None

    def put(self, answers: Mapping[str, Any]) -> None:
        """Take in what was answered on a page."""
        self.answers.update(answers)
        self._seen = None

    @property
    def is_paged(self) -> bool:
        """Whether it shows one question a page."""
        return self.version.layout == Layout.ONE

    @property
    def seen(self) -> Seen:
        """Which questions are shown for the answers so far."""
        if self._seen is None:
            kept = {code: [str(file.ref) for file in files] for code, files in self.files.items()}
            self._seen = rules.look(self.questions, {**self.answers, **kept}, self.place.known)
        return self._seen

    @property
    def codes(self) -> list[str]:
        """The codes of the questions that are shown."""
        return [question.code for question in self.seen.asked]

    @property
    def answered(self) -> int:
        """How many of those are answered."""
        return sum(code in self.seen.taken for code in self.codes)

    def at(self, code: str) -> int:
        """The number of the page of a question, from 0: the first where there is none of that code."""
        return self.codes.index(code) if code in self.codes else 0

    @property
    def words(self) -> Callable[[str], str]:
        """What fills in the placeholders of texts."""
        texts = [self.version, *self.questions, *(c for q in self.questions for c in q.choices.all())]
        if not any(PLACEHOLDER in str(value) for one in texts for value in vars(one).values()):
            return str  # nothing to be filled in, and nothing to be looked up
        return partial(filled, values=values_of(self.place.invitation, self.answers, self.told))

    @property
    def told(self) -> list[Question]:
        """The questions that are shown and answered as they can be: those whose answers are said again."""
        return [question for question in self.seen.asked if question.code in self.seen.taken]

    @property
    def quoted(self) -> dict[str, str]:
        """The texts that say again what was answered, by the ids of the page's elements."""
        return {name: text for one in self.fields({}) for name, text in one.quoting.items()}

    def fields(self, problems: Mapping[str, Any], only: str = "") -> list[Field]:
        """The questions as the page shows them: all, those that are not shown hidden; or only one."""
        words, shown = self.words, self.codes
        asked = [one for one in self.questions if one.code == only] if only else self.questions
        begins = {one.section_id: one.code for one in reversed(asked)}
        begins |= {one.section_id: one.code for one in reversed(asked) if one.code in shown}
        return [
            Field(
                question=question,
                number=shown.index(question.code) + 1 if question.code in shown else 0,
                value=self.answers.get(question.code, ""),
                who=self.place.who,
                words=words,
                problem=str(problems.get(question.code, "")),
                is_shown=question.code in shown,
                files=self.files.get(question.code, ()),
                begins=begins[question.section_id] == question.code,
            )
            for question in asked
        ]

    @property
    def intro(self) -> str:
        """What stands before the questions."""
        return self.words(in_language(self.version.intro, self.version.intro_en))

    @property
    def title(self) -> str:
        """What the page is called."""
        return self.words(self.version.heading())


def of_invitation(invitation: Invitation, **more: Any) -> Sitting:
    """Somebody who was asked, before the questions; `more` are the addresses of the pages."""
    case = invitation.case
    about = {"number": case.number, "subject": case.subject} if case else None
    return Sitting(
        place=places.of_invitation(invitation),
        version=invitation.version,
        campaign=invitation.wave.campaign,
        about=_("About case %(number)s: %(subject)s") % about if about else "",
        **more,
    )
