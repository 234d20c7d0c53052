"""Which Payvand this is. The package takes its version from here.

A plain name: looking it up in the installed package's metadata costs 1 MB of resident memory.
"""

VERSION = "0.1.0"
