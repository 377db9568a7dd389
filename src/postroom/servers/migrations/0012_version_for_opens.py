"""Raises routing_version also when a workspace wants to know of opened mail: companies are remembered by it."""

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
BEFORE = "OLD.routing_policy <> NEW.routing_policy OR OLD.slug <> NEW.slug OR OLD.drops_repeats <> NEW.drops_repeats"


class Migration(migrations.Migration):
    dependencies = [("servers", "0011_sign_in_to_fetch"), ("workspaces", "0017_follows_opens")]

    operations = [
        migrations.RunSQL(
            FUNCTION.format(changed=f"{BEFORE} OR OLD.follows_opens <> NEW.follows_opens"),
            FUNCTION.format(changed=BEFORE),
        )
    ]
