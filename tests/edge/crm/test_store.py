from contextlib import closing
from pathlib import Path

from edge.crm.store import connect


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "new" / "crm", "")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
