"""What beat wakes. Each task only looks at what is due in the database: lost or repeated, it does no harm."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from config.common.following import BATCH
from config.common.models import User
from feedback.attachments import commands as attachments
from feedback.automatic import applying
from feedback.behaviour import summing
from feedback.cases import commands as cases
from feedback.cases import refunding, wording
from feedback.channels.chat import commands as chats
from feedback.channels.email import fetching, originals
from feedback.channels.phone import commands as calls
from feedback.claims import auditing
from feedback.clocks import moving
from feedback.crises import answering, clearing, counting, joining, making_good, watching
from feedback.crises import running as crisis_runs
from feedback.desk import reading
from feedback.expectations import refreshing as expectations
from feedback.gaps import commands as gaps
from feedback.gaps import days, overturning, quality, service
from feedback.intake import commands as imports
from feedback.intake import running
from feedback.ladders import sweep as ladders
from feedback.moderation import screening
from feedback.posts import arranging
from feedback.posts import counting as topics
from feedback.posts import following as posts
from feedback.posts import watching as watched
from feedback.quality import commands as checks
from feedback.remedies import following as remedies
from feedback.remedies import overdue
from feedback.replies import automatic, posting
from feedback.reviews import following, inviting
from feedback.rewards import following as rewards
from feedback.routing import commands as routing
from feedback.routing import dedicating
from feedback.supervision import counts, pace
from feedback.triage import following as triage
from feedback.triage import training
from feedback.voice import days as voice

logger = logging.getLogger(__name__)
ROUNDS = 10
VOICE_ROUNDS = 100
HOURS_6 = 6 * 3600


@shared_task(name="feedback.remove_orphaned_files")
def remove_orphaned_files() -> None:
    """Remove what killed processes left behind; a day is far longer than any upload takes."""
    before = timezone.now() - timedelta(days=1)
    attachments.remove_orphans(before=before)
    originals.remove_orphans(before=before)


@shared_task(name="feedback.fetch_email")
def fetch_email() -> None:
    """Take in what has arrived in the mailboxes."""
    fetching.fetch_all(clock=timezone.now)


@shared_task(name="feedback.reward_reviews")
def reward_reviews() -> None:
    """Give what reviews have earned, and take back what is unused of those that are gone."""
    for _round in range(ROUNDS):
        if not rewards.sweep(at=timezone.now()):
            return


@shared_task(name="feedback.settle_calls")
def settle_calls() -> None:
    """Take the calls that ended unanswered for missed."""
    while calls.settle(at=timezone.now()):
        pass


@shared_task(name="feedback.close_silent_cases")
def close_silent_cases() -> None:
    """Close the resolved cases that their members have said nothing more about."""
    while cases.close_silent(at=timezone.now()):
        pass


@shared_task(name="feedback.end_left_chats")
def end_left_chats() -> None:
    """End the chats whose members have left."""
    chats.end_left(at=timezone.now())


@shared_task(name="feedback.clear_desks")
def clear_desks() -> None:
    """Forget who had a case open long ago, and drafts that nobody came back to."""
    reading.forget_old(at=timezone.now())


@shared_task(name="feedback.detect_gaps")
def detect_gaps() -> None:
    """Find the promises that were broken since the last search, and do what the rules say about them."""
    for _round in range(ROUNDS):
        if not gaps.detect(at=timezone.now()).more:
            break
    while quality.compare(at=timezone.now()) == quality.AT_ONCE:
        pass
    while service.catch_up(at=timezone.now()) == BATCH:
        pass
    service.grow(at=timezone.now())
    while overturning.tell(at=timezone.now()) == overturning.AT_ONCE:
        pass
    at = timezone.now()
    gaps.skip_old(longest_days=applying.longest_days(), at=at)
    for gap_id, changed_at in gaps.due_for_rules():
        if not applying.apply_to_gaps(gap_ids=[gap_id], at=at).failed:
            gaps.rules_applied(gap_id=gap_id, changed_at=changed_at)


@shared_task(name="feedback.sum_gaps")
def sum_gaps() -> None:
    """Sum the days anew whose promises or gaps have changed."""
    while days.catch_up(at=timezone.now()) == days.AT_ONCE:
        pass


@shared_task(name="feedback.sum_gaps_nightly")
def sum_gaps_nightly() -> None:
    """Sum the last weeks anew: what they are made of may be another."""
    days.recount_last(at=timezone.now())


@shared_task(name="feedback.audit_claims")
def audit_claims() -> None:
    """Audit the claims whose text, facts or words are others."""
    while auditing.catch_up(at=timezone.now()) == auditing.AT_ONCE:
        pass


@shared_task(name="feedback.apply_case_rules")
def apply_case_rules() -> None:
    """Do what the rules say about the cases that were opened since the last time."""
    while applying.read_cases(at=timezone.now()):
        pass


@shared_task(name="feedback.run_import", time_limit=HOURS_6, soft_time_limit=HOURS_6)
def run_import(run_id: int) -> None:
    """Run one import that waits, or whose worker was lost."""
    run = imports.claim(run_id=run_id, at=timezone.now())
    if run is not None:
        running.in_background(run, clock=timezone.now)


@shared_task(name="feedback.take_up_imports")
def take_up_imports() -> None:
    """Send every import that waits, or whose worker fell silent, to a worker; remove forgotten drafts."""
    for run_id in imports.to_run(at=timezone.now()):
        run_import.delay(run_id)
    for run in imports.forgotten(at=timezone.now()):
        running.discard(run)


@shared_task(name="feedback.watch_crises")
def watch_crises() -> None:
    """Look for what is unusual, and for crises that have become calm; make good to those who joined late."""
    watching.watch(at=timezone.now())
    watching.settle(at=timezone.now())
    making_good.for_later_joiners(at=timezone.now())


@shared_task(name="feedback.keep_up_crises")
def keep_up_crises() -> None:
    """Let new cases join their crises and be answered; carry on what is done to all; tell of all-clears."""
    joining.join_all(at=timezone.now())
    answering.answer_all(at=timezone.now())
    clearing.tell_all(at=timezone.now())
    crisis_runs.go_on_all(now=timezone.now)


@shared_task(name="feedback.count_for_crises")
def count_for_crises() -> None:
    """Count the last days anew, and look at every case that may belong to a crisis."""
    counting.recount_last(at=timezone.now())
    joining.join_all(at=timezone.now(), whole=True)


@shared_task(name="feedback.start_refunds")
def start_refunds() -> None:
    """Start the refund's clock where the goods have come back."""
    last = refunding.start_refunds(at=timezone.now())
    while last:
        last = refunding.start_refunds(at=timezone.now(), after=last)


@shared_task(name="feedback.move_clocks")
def move_clocks() -> None:
    """Go on with moving running clocks over to the policies in force, where somebody chose that."""
    for move_id in moving.going():
        done = -1
        while True:
            move = moving.go_on(move_id=move_id, at=timezone.now())
            if move.finished_at is not None or move.cases_done == done:  # or another worker is at it
                break
            done = move.cases_done


@shared_task(name="feedback.tasks.sweep")
def sweep() -> None:
    """Put breaches on record and fire the rungs that are due."""
    ladders.sweep(timezone.now(), workers=ladders.WORKERS)


@shared_task(name="feedback.index_words")
def index_words() -> None:
    """Make what was said since the last time findable."""
    wording.catch_up()


@shared_task(name="feedback.tasks.route")
def route() -> None:
    """Give the cases that wait to agents who can take them."""
    routing.route(at=timezone.now())


@shared_task(name="feedback.hand_back")
def hand_back() -> None:
    """Take back what agents leave behind who are off shift or gone for too long."""
    routing.hand_back_gone(at=timezone.now())


@shared_task(name="feedback.dedicate")
def dedicate() -> None:
    """Give the members whose tier has it an agent of their own, and only those."""
    while dedicating.keep_up(at=timezone.now()):
        pass


@shared_task(name="feedback.tasks.fold_counts")
def fold_counts() -> None:
    """Put the changes of the board's kept counts together."""
    counts.fold()


@shared_task(name="feedback.tasks.measure_pace")
def measure_pace() -> None:
    """Measure how fast the departments have been, for the board's forecast."""
    pace.measure(at=timezone.now())


@shared_task(name="feedback.draw_checks")
def draw_checks() -> None:
    """Draw the conversations whose quality is to be checked."""
    checks.draw(at=timezone.now())


@shared_task(name="feedback.raise_approvals")
def raise_approvals() -> None:
    """Send what nobody decided in time a level up."""
    while overdue.raise_overdue(at=timezone.now()):
        pass


@shared_task(name="feedback.read_posts")
def read_posts() -> None:
    """Read and sort the posts that are new, and count the topics that have changed."""
    for _round in range(ROUNDS):
        if not posts.catch_up(at=timezone.now()):
            break
    while topics.catch_up(at=timezone.now()) == topics.AT_ONCE:
        pass


@shared_task(name="feedback.watch_posts")
def watch_posts() -> None:
    """See which topics grow, and whether a watched word has jumped."""
    topics.compare(at=timezone.now())
    watched.search(at=timezone.now())
    watched.look(at=timezone.now())


@shared_task(name="feedback.tidy_topics")
def tidy_topics() -> None:
    """Let topics that have become one go together."""
    arranging.tidy(at=timezone.now())


@shared_task(name="feedback.follow_up_reviews")
def follow_up_reviews() -> None:
    """Open the cases of bad reviews, and start the clocks of the others."""
    while following.follow_up(at=timezone.now()):
        pass
    while following.take_up(at=timezone.now()):
        pass


@shared_task(name="feedback.answer_reviews")
def answer_reviews() -> None:
    """Answer what the rules answer, draft the rest, and put replies where reviews turned out to stand."""
    while automatic.follow_changes():
        pass
    for take_up in (automatic.look_again, automatic.take_up, posting.catch_up):
        for _round in range(ROUNDS):
            if not take_up(at=timezone.now()):
                break


@shared_task(name="feedback.screen_reviews")
def screen_reviews() -> None:
    """Look at the reviews that came in without a look."""
    while screening.catch_up(at=timezone.now()):
        pass


@shared_task(name="feedback.invite_to_review")
def invite_to_review() -> None:
    """Ask the members whose orders have arrived to review them."""
    while inviting.find(at=timezone.now()):
        pass
    while inviting.invite(at=timezone.now()):
        pass


@shared_task(name="feedback.follow_remedies")
def follow_remedies() -> None:
    """Write to their cases what became of refunds and parcels, and keep the promises to refund."""
    while remedies.catch_up(at=timezone.now()):
        pass


@shared_task(name="feedback.triage")
def read_texts() -> None:
    """Read the reviews and cases that are new."""
    for take_up in (triage.take_up_reviews, triage.take_up_cases):
        for _round in range(ROUNDS):
            if not take_up(at=timezone.now()):
                break


@shared_task(name="feedback.keep_voice")
def keep_voice() -> None:
    """Make reviews findable that came or changed, and sum their days anew; rank up to today."""
    voice.begin_day(at=timezone.now())
    for _round in range(VOICE_ROUNDS):
        if voice.catch_up() < voice.AT_ONCE:
            break


@shared_task(name="feedback.train_triage", time_limit=HOURS_6, soft_time_limit=HOURS_6)
def train_triage(by: int | None = None) -> None:
    """Learn from what members and people said, where there is enough and something new; `by` who asks."""
    try:
        actor = User.objects.filter(pk=by).first() if by is not None else None
        at = timezone.now()
        model = training.train(actor=actor, at=at) if actor else training.train_by_night(at=at)
    except (training.TooLittle, training.NothingNew) as error:
        logger.info("triage was not trained: %s", error)
        return
    if model is not None and model.in_service:
        triage.read_again(at=timezone.now())


@shared_task(name="feedback.sum_behaviour")
def sum_behaviour() -> None:
    """Count what members did since the last time, and find whose it was."""
    while summing.catch_up():
        pass


@shared_task(name="feedback.refresh_expectations")
def refresh_expectations() -> None:
    """Reckon anew what the members care about of whom something new is known."""
    while expectations.follow_orders():
        pass
    while expectations.refresh_due(at=timezone.now()):
        pass


@shared_task(name="feedback.expectations_by_night")
def expectations_by_night() -> None:
    """Reckon the averages of groups, and have those reckoned who were not for long."""
    expectations.by_night(at=timezone.now())
