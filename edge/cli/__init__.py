"""The commands of `payvand`, one module each: HELP, add_arguments(parser), run(args) -> exit code.

A module here is a command by being here; its name is the command's. It imports at its top only
what is light, because `payvand --help` imports them all.
"""
