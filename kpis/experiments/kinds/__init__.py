"""The kinds of settings that experiments test, by their names."""

from collections.abc import Mapping

from kpis.experiments.kinds import compensation, replies, targets, wordings
from kpis.experiments.kinds.setting import SettingKind

KINDS: Mapping[str, SettingKind] = {
    one.kind.value: one for one in (compensation.KIND, replies.KIND, wordings.KIND, targets.KIND)
}
