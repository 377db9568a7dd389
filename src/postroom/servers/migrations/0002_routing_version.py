"""Raises a workspace's routing_version whenever something that routing reads changes, however it is changed."""

from django.db import migrations

# Tables with a workspace_id; a company's alias domain finds its workspace through the company. Companies are in it for
# their names, which workspaces.access remembers by the version.
TABLES = (
    "servers_outgoingserver", "servers_dedicatedserver", "domains_aliasdomain", "domains_dkimkey",
    "workspaces_systemparameter", "workspaces_company",
)

FUNCTIONS = """
CREATE FUNCTION postroom_routing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workspaces_workspace SET routing_version = routing_version + 1
    WHERE id IN (NEW.workspace_id, OLD.workspace_id);
    RETURN NULL;
END $$;
CREATE FUNCTION postroom_company_domain_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workspaces_workspace SET routing_version = routing_version + 1
    FROM workspaces_company AS company
    WHERE workspaces_workspace.id = company.workspace_id
      AND company.id IN (NEW.company_id, OLD.company_id);
    RETURN NULL;
END $$;
-- The version never goes back: whoever stores a workspace that was read before a change does not undo its version.
CREATE FUNCTION postroom_routing_policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.routing_policy <> NEW.routing_policy OR OLD.slug <> NEW.slug THEN
        NEW.routing_version := OLD.routing_version + 1;
    ELSE
        NEW.routing_version := GREATEST(NEW.routing_version, OLD.routing_version);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER routing_changed AFTER INSERT OR UPDATE OR DELETE ON domains_companyaliasdomain
    FOR EACH ROW EXECUTE FUNCTION postroom_company_domain_changed();
CREATE TRIGGER routing_changed BEFORE UPDATE ON workspaces_workspace
    FOR EACH ROW EXECUTE FUNCTION postroom_routing_policy_changed();
"""
EACH = """
CREATE TRIGGER routing_changed AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION postroom_routing_changed();
"""
REVERSE = """
DROP FUNCTION postroom_routing_changed CASCADE;
DROP FUNCTION postroom_company_domain_changed CASCADE;
DROP FUNCTION postroom_routing_policy_changed CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("servers", "0001_initial"), ("domains", "0001_initial"), ("workspaces", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTIONS + "".join(EACH.format(table=table) for table in TABLES), REVERSE)]
