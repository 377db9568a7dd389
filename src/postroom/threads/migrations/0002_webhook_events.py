"""Writes what webhooks are told of conversations' mail that bounced, whoever changes the delivery.

As outbound's triggers do. Judged by row, without a call: what is sent, as nearly everything is, costs nothing. At the
transaction's end, because mail to a suppressed address is stored before the notification that it belongs to.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION postroom_thread_mail_bounced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhooks_webhookevent (webhook_id, type, payload)
    SELECT webhook.id, 'thread.bounced', jsonb_build_object(
        'record', record.id, 'type', record_type.key, 'external_id', NULLIF(record.external_id, ''),
        'post', notification.post_id, 'recipient', NEW.recipient, 'status', NEW.status,
        'reason', NULLIF(NEW.reason, ''), 'reply', NULLIF(NEW.reply_text, ''))
    FROM threads_notification AS notification
    JOIN threads_post AS post ON post.id = notification.post_id
    JOIN threads_record AS record ON record.id = post.record_id
    JOIN threads_recordtype AS record_type ON record_type.id = record.type_id
    JOIN webhooks_webhook AS webhook
      ON webhook.workspace_id = record.workspace_id AND webhook.is_active AND 'thread.bounced' = ANY (webhook.events)
    WHERE notification.message_id = NEW.message_id AND notification.address = lower(NEW.recipient);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tell_webhooks_of_threads AFTER UPDATE OF status ON outbound_delivery
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.status IN ('bounced', 'expired') AND OLD.status <> NEW.status)
    EXECUTE FUNCTION postroom_thread_mail_bounced();
CREATE CONSTRAINT TRIGGER tell_webhooks_of_threads_at_once AFTER INSERT ON outbound_delivery
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.status IN ('bounced', 'canceled'))
    EXECUTE FUNCTION postroom_thread_mail_bounced();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("threads", "0001_initial"),
        ("webhooks", "0002_thread_events"),
        ("outbound", "0011_delivery_by_flow"),
    ]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION postroom_thread_mail_bounced CASCADE;")]
