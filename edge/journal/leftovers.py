"""Files beside the journal that it goes on without: what a full disk may have.

.version-*                          the way back to an older payvand
.copying .restoring .recovering     begun, and cut short by a kill or a power cut
.damaged-<UTC time>                 set aside: it may hold what nobody could read
"""

from collections.abc import Iterable
from pathlib import Path

from edge.journal import migration

_CUT_SHORT = ("copying", "restoring", "recovering")
_ENDS = ("", "-wal", "-shm", "-journal")


def drop_copies(path: Path) -> int:
    """Remove the copies of a journal in service; how many bytes that freed. Raises OSError."""
    begun = [path.with_name(f"{path.name}.{word}") for word in _CUT_SHORT]
    return _drop([*migration.copies(path), *begun])


def drop_damaged(path: Path) -> int:
    """Remove the oldest file that was set aside, with its log; how many bytes. Raises OSError."""
    aside = sorted(path.parent.glob(f"{path.name}.damaged-*Z"))
    return _drop(aside[:1])


def _drop(files: Iterable[Path]) -> int:
    freed = 0
    for name in files:
        for file in (Path(f"{name}{end}") for end in _ENDS):
            if file.exists():
                freed += file.stat().st_blocks * 512
                file.unlink()
    return freed
