import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0015_installation'),
    ]

    operations = [
        migrations.AlterField(
            model_name='change',
            name='workspace',
            field=models.ForeignKey(db_index=False, help_text='None: it concerns them all', null=True, on_delete=django.db.models.deletion.CASCADE, to='workspaces.workspace'),
        ),
    ]
