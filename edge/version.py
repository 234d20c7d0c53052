"""Which Payvand this is."""


def version() -> str:
    """The installed package's version; `uninstalled` when run from a source tree."""
    from importlib import metadata

    try:
        return metadata.version("payvand")
    except metadata.PackageNotFoundError:
        return "uninstalled"
