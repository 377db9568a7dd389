"""What the forms of several pages share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Confirmation(forms.Form):
    """A danger is meant only by who types what it is about."""

    typed = forms.CharField(required=False)
    keep = gettext_lazy("Leave it as it is")

    def __init__(self, *args: Any, phrase: str, **kwargs: Any) -> None:
        """`phrase` is what to type: the name of the thing, or the number of things."""
        super().__init__(*args, **kwargs)
        self._phrase = phrase
        self.fields["typed"].label = _("Type “%(phrase)s” to confirm") % {"phrase": phrase}
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self._phrase:
            raise ValidationError(
                _("Type exactly “%(phrase)s”, or leave everything as it is.") % {"phrase": self._phrase}
            )
        return typed
