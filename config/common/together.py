"""A migration's operations whose models are drawn once, not once for each operation."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class Together(Operation):
    """Do operations that don't read the state before them, such as creating models or triggers, as one.

    Django draws every related model anew after each operation, which is most of the time that a first
    migration of many models takes.
    """

    reversible = True

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Take the operations in the order in which the database gets them."""
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change the state by all of them; it is drawn when it is next asked for."""
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Do all of them."""
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Undo all of them, the last one first."""
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Say what they do."""
        return ", ".join(self._each())

    def _each(self) -> Iterator[str]:
        for operation in self.operations:
            yield operation.describe()
