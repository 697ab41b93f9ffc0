"""Who changed what of the configuration, when: every row that was edited, and every edit in the event log.

Two things are written in the transaction of an edit, by triggers, whoever makes it and by whatever way:
django-pghistory keeps the row as it was from then on (append-only), and the event log gets `config.changed`
with what changed, from what to what. The log is sealed, so an edit of the history shows.
"""

from collections.abc import Sequence

import pghistory
import pgtrigger
from django.db import models

KIND = "config.changed"
SECRET = frozenset({"password", "last_login", "email"})
"""Columns that are never kept."""
HIDDEN = "•••"
"""What is put on record of a secret: that it is there, or was replaced, and nothing else."""
TRACKED: dict[str, type[models.Model]] = {}
"""What is tracked, by the name that the events call it."""

CHANGED = """
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;
    {{secrets}}IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;
        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;
        IF come IS NULL THEN RETURN NULL; END IF;
    ELSE
        gone := before; come := after;
    END IF;
    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;
    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (
        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), '{{name}}',
        coalesce(after->>'{{key}}', before->>'{{key}}')::bigint,
        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',
            'request', context->>'request')
    );
    RETURN NULL;
"""

REPLACED = """
    IF TG_OP = 'UPDATE' AND OLD.{{column}} IS DISTINCT FROM NEW.{{column}} THEN
        before := before || jsonb_build_object('{{column}}', '{{hidden}}');
        after := after || jsonb_build_object('{{column}}', '{{hidden}} {{hidden}}');
    END IF;
"""
"""Of a secret column: two marks instead of one when it was replaced, which tells no value apart."""


def track(model: type[models.Model], *, exclude: Sequence[str] = (), secrets: Sequence[str] = ()) -> None:
    """Keep every version of a model's rows, and put every edit on record. Call once, where models are made.

    `exclude` names fields that are kept nowhere, such as what a worker notes all day. Of `secrets` the event
    says that they were replaced, and nothing else is kept.
    """
    name = str(model._meta.model_name)
    known = {field.name for field in model._meta.concrete_fields}
    hidden = sorted((SECRET | set(exclude) | set(secrets)) & known)
    columns, kept = (
        sorted(str(model._meta.get_field(one).column) for one in names)  # type: ignore[union-attr]  # concrete
        for names in (hidden, secrets)
    )
    pgtrigger.register(_sealing(name, str(model._meta.pk.column), columns, kept))(model)
    pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=hidden or None,
        app_label=model._meta.app_label,
        model_name=f"{model.__name__}History",
        append_only=True,
    )(model)
    TRACKED[name] = model


def _sealing(name: str, key: str, hidden: Sequence[str], secrets: Sequence[str]) -> pgtrigger.Trigger:
    names = "', '".join(hidden)
    told = "".join(REPLACED.replace("{{column}}", one).replace("{{hidden}}", HIDDEN) for one in secrets)
    return pgtrigger.Trigger(
        name="record_change",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[
            ("before", "jsonb := NULL"),
            ("after", "jsonb := NULL"),
            ("gone", "jsonb := NULL"),
            ("come", "jsonb := NULL"),
            ("context", "jsonb"),
            ("hidden", f"text[] := ARRAY['{names}']::text[]" if hidden else "text[] := ARRAY[]::text[]"),
        ],
        func=CHANGED.replace("{{secrets}}", told).replace("{{name}}", name).replace("{{key}}", key),
    )
