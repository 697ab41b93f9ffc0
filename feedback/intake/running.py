"""Running an import from beginning to end, for the command line and for workers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from compensation.shop_import.engine import Tell
from compensation.shop_import.reports import Report
from config.common.errors import DomainError
from config.common.events import Actor
from feedback.intake import commands, shop
from feedback.models import ImportRun


def perform(
    run: ImportRun,
    *,
    files: Sequence[Path],
    report: Path,
    actor: Actor,
    tell: Tell,
    clock: Callable[[], datetime],
) -> ImportRun:
    """Run a claimed import; what the map or the files have against it is kept in the run.

    Running it again, after a worker died in the middle, writes only what is not there yet.
    """
    at = clock()
    try:
        work = shop.of_files(files, shop.parse_map(run.map_text))
        with Report(report) as rejects:
            result = work.run(at=at, report=rejects, tell=tell)
    except DomainError as error:
        return commands.fail(run_id=run.pk, reason=str(error), actor=actor, at=clock())
    return commands.finish(run_id=run.pk, result=result, rejected=rejects.count, actor=actor, at=clock())
