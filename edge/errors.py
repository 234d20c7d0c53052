"""Errors that end a command of `payvand`, told in a line that a person can act on.

The command line is the only place that catches them: it prints the text without a traceback and
leaves with `exit_code`.
"""


class CommandFailed(Exception):
    """The command could not do its work. The text says what is wrong and what to do."""

    exit_code = 1


class BadInput(CommandFailed):
    """The arguments or the settings are wrong: nothing was begun."""

    exit_code = 2
