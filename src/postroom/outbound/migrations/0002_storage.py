"""Keeps message bytes out of line and uncompressed: mail is encoded already, and inserting is twice as fast."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbound", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE outbound_messagecontent ALTER COLUMN body SET STORAGE EXTERNAL, ALTER head SET STORAGE EXTERNAL",
            "ALTER TABLE outbound_messagecontent ALTER COLUMN body SET STORAGE EXTENDED, ALTER head SET STORAGE EXTENDED",
        )
    ]
