"""What the forms of several pages share."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.errors import PostroomError
from postroom.web.http import words_of


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


def stored(form: forms.BaseForm, store: Callable[[], object]) -> bool:
    """Whether `store` was not refused; otherwise the form says why, beside the field that the refusal names."""
    try:
        store()
    except PostroomError as error:
        form.add_error(error.field if error.field in form.fields else None, words_of(error))
    except ValidationError as error:
        form.add_error(None, error.messages)
    return not form.errors


def lock(form: forms.BaseForm) -> None:
    """Show it to a person who may not change anything of it."""
    for field in form.fields.values():
        field.disabled = True
