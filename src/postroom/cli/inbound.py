"""`postroom inbound`: what received mail is and says – of files without a database – and the desk."""

import click

from postroom.cli import LazyGroup

COMMANDS = {
    "classify": ("postroom.cli.inbound_classify", "Say what a mail is: a bounce, whose and why, or something else."),
    "parse": ("postroom.cli.inbound_parse", "Say what a message says: subject, people, text and attachments."),
    "authentication": ("postroom.cli.inbound_authentication", "Say what proves who sent a mail that came in."),
    "desk": ("postroom.cli.inbound_desk", "Look after mail that found no place."),
    "visible-text": ("postroom.cli.inbound_visible_text", "Print the author's own words of a reply."),
}


@click.group(name="inbound", cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Read mail that came in."""
