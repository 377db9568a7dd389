"""Says how rows are stored: message bytes out of line and uncompressed, as in outbound's own migration of that name."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbound", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE inbound_incomingcontent ALTER COLUMN raw SET STORAGE EXTERNAL",
            "ALTER TABLE inbound_incomingcontent ALTER COLUMN raw SET STORAGE EXTENDED",
        ),
    ]
