"""Operations of a migration that are done as one."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from config.common.together import Together

pytestmark = pytest.mark.django_db(transaction=True)

SHELF = migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])
BOOK = migrations.CreateModel(
    "Book",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("shelf", models.ForeignKey("library.Shelf", models.CASCADE)),
    ],
)


def tables():
    return {name for name in connection.introspection.table_names() if name.startswith("library_")}


def test_models_that_need_each_other_are_made_and_unmade():
    both, before = Together([BOOK, SHELF]), ProjectState()
    assert before.apps  # drawn already, as in the middle of a migration
    after = before.clone()
    both.state_forwards("library", after)
    with connection.schema_editor() as editor:
        both.database_forwards("library", editor, before, after)
    assert tables() == {"library_book", "library_shelf"}
    with connection.schema_editor() as editor:
        both.database_backwards("library", editor, after, before)
    assert tables() == set()


def test_it_says_what_it_does():
    assert Together([SHELF, BOOK]).describe() == "Create model Shelf, Create model Book"
