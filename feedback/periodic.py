"""What beat wakes for cases, most often first. A task that is missed is made up for by the next one."""

from config.common.registry import Periodic

WAKES = (
    Periodic("give cases to agents", "feedback.tasks.route", every_seconds=3),
    Periodic("sweep the clocks", "feedback.tasks.sweep", every_seconds=5),
    Periodic("make words findable", "feedback.index_words", every_seconds=5),
    Periodic("follow remedies", "feedback.follow_remedies", every_seconds=10),
    Periodic("end chats that were left", "feedback.end_left_chats", every_seconds=20),
    Periodic("fetch e-mail", "feedback.fetch_email", every_seconds=20),
    Periodic("settle calls", "feedback.settle_calls", every_seconds=20),
    Periodic("fold the board's counts", "feedback.tasks.fold_counts", every_seconds=30),
    Periodic("take up imports", "feedback.take_up_imports", every_seconds=60),
    Periodic("take cases back", "feedback.hand_back", every_seconds=60),
    Periodic("follow up bad reviews", "feedback.follow_up_reviews", every_seconds=60),
    Periodic("screen reviews", "feedback.screen_reviews", every_seconds=30),
    Periodic("invite to review", "feedback.invite_to_review", every_seconds=600),
    Periodic("start refunds", "feedback.start_refunds", every_seconds=60),
    Periodic("apply rules to cases", "feedback.apply_case_rules", every_seconds=20),
    Periodic("read what is new", "feedback.triage", every_seconds=20),
    Periodic("raise approvals", "feedback.raise_approvals", every_seconds=60),
    Periodic("move clocks", "feedback.move_clocks", every_seconds=60),
    Periodic("find gaps", "feedback.detect_gaps", every_seconds=300),
    Periodic("measure the pace", "feedback.tasks.measure_pace", every_seconds=300),
    Periodic("close silent cases", "feedback.close_silent_cases", every_seconds=600),
    Periodic("dedicate agents", "feedback.dedicate", every_seconds=600),
    Periodic("clear the desks", "feedback.clear_desks", every_seconds=3600),
    Periodic("draw quality checks", "feedback.draw_checks", every_seconds=3600),
    Periodic("train the triage", "feedback.train_triage", every_seconds=86400),
    Periodic("remove orphaned files", "feedback.remove_orphaned_files", every_seconds=86400),
)
