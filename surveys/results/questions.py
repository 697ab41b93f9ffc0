"""The questions of a questionnaire over its versions: what may be compared, and what may not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from surveys.models import Question, QuestionKind, Survey
from surveys.questionnaires.rules import SCORED, ends

TEXTS = (QuestionKind.TEXT, QuestionKind.SHORT)
FILES = (QuestionKind.PICTURE, QuestionKind.VOICE)


@dataclass(slots=True)
class Asked:
    """One question with all versions of it that are compared: of the same code, kind and scale.

    A change of kind or scale makes another one of it; a change of words is marked, and whoever reads the
    figures judges whether it still means the same.
    """

    code: str
    kind: QuestionKind
    scale: int | None
    text: str
    is_current: bool
    bad_up_to: int | None
    aspect: str
    need: int | None
    labels: dict[str, str] = field(default_factory=dict)
    """Choices, or rows of a matrix, by their codes."""
    versions: dict[int, int] = field(default_factory=dict)
    """By the question's number, the version's."""
    wordings: dict[int, str] = field(default_factory=dict)
    """By version, its own words."""

    @property
    def numbers(self) -> list[int]:
        """The numbers of the questions."""
        return list(self.versions)

    @property
    def name(self) -> str:
        """What it is called in addresses: its code, and its kind and scale if they are others by now."""
        return self.code if self.is_current else f"{self.code}.{self.kind}.{self.scale or 0}"

    @property
    def is_scored(self) -> bool:
        """Whether it is answered with a score."""
        return self.kind in SCORED

    @property
    def scores(self) -> range:
        """Its scores, the lowest first."""
        low, high = ends(Question(kind=self.kind, scale=self.scale))
        return range(low, high + 1)

    def worded_otherwise(self, versions: Collection[int]) -> bool:
        """Whether some versions did not ask in the same words."""
        return len({self.wordings[one] for one in versions if one in self.wordings}) > 1


def asked(survey: Survey) -> list[Asked]:
    """What the published versions asked: as now, then what was asked before. Three queries."""
    rows = (
        Question.objects.filter(version__survey=survey, version__published_at__isnull=False)
        .select_related("version")
        .prefetch_related("choices")
        .order_by("-version__number", "position", "pk")
    )
    return _together(rows)


def _together(rows: Iterable[Question]) -> list[Asked]:
    found: dict[tuple[str, str, int | None], Asked] = {}
    latest: int | None = None
    current = set[str]()
    for row in rows:
        number = row.version.number
        latest = number if latest is None else latest
        if number == latest:
            current.add(row.code)
        one = found.get((row.code, row.kind, row.scale))
        if one is None:
            one = found[row.code, row.kind, row.scale] = Asked(
                code=row.code,
                kind=QuestionKind(row.kind),
                scale=row.scale,
                text=str(row),
                is_current=number == latest,
                bad_up_to=row.bad_up_to,
                aspect=row.aspect,
                need=row.need_id,
            )
        for choice in row.choices.all():
            one.labels.setdefault(choice.code, str(choice))
        one.versions[row.pk] = number
        one.wordings[number] = row.text
    return list(found.values())
