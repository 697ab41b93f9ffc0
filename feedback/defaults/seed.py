"""What ships, in the order in which one needs the other."""

from feedback.defaults.authority import seed_authority
from feedback.defaults.calendars import seed_calendars
from feedback.defaults.causes import seed_causes
from feedback.defaults.chat import seed_chat
from feedback.defaults.claims import seed_claims
from feedback.defaults.crises import seed_crises
from feedback.defaults.departments import seed_departments
from feedback.defaults.expectations import seed_expectations
from feedback.defaults.gaps import seed_gaps
from feedback.defaults.knowledge import seed_knowledge
from feedback.defaults.ladders import seed_ladders
from feedback.defaults.lexicon import seed_lexicon
from feedback.defaults.pauses import seed_pauses
from feedback.defaults.playbooks import seed_playbooks, seed_templates
from feedback.defaults.policies import seed_policies
from feedback.defaults.quality import seed_quality
from feedback.defaults.replies_to_reviews import seed_replies
from feedback.defaults.reviews import seed_reviews, seed_rewards
from feedback.defaults.roles import seed_roles
from feedback.defaults.routing import seed_routing
from feedback.defaults.rules import seed_rules
from feedback.defaults.team import seed_team_rule

SEEDS = (
    seed_roles,
    seed_causes,
    seed_reviews,
    seed_rewards,
    seed_quality,
    seed_authority,  # of the roles
    seed_calendars,
    seed_chat,  # on its calendar
    seed_departments,  # on their calendars
    seed_routing,  # to departments
    seed_claims,
    seed_crises,
    seed_gaps,  # their cases go to departments
    seed_rules,  # of departments, with coupons
    seed_team_rule,
    seed_ladders,
    seed_pauses,
    seed_policies,
    seed_knowledge,
    seed_lexicon,
    seed_replies,
    seed_expectations,
    seed_templates,
    seed_playbooks,  # they name templates and coupons
)
