"""Raises routing_version also when a workspace begins or ceases to drop repeats: keys are remembered by it."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION postroom_routing_policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {changed} THEN
        NEW.routing_version := OLD.routing_version + 1;
    ELSE
        NEW.routing_version := GREATEST(NEW.routing_version, OLD.routing_version);
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = "OLD.routing_policy <> NEW.routing_policy OR OLD.slug <> NEW.slug"


class Migration(migrations.Migration):
    dependencies = [("servers", "0009_being_set_up"), ("workspaces", "0010_drops_repeats")]

    operations = [
        migrations.RunSQL(
            FUNCTION.format(changed=f"{BEFORE} OR OLD.drops_repeats <> NEW.drops_repeats"),
            FUNCTION.format(changed=BEFORE),
        )
    ]
