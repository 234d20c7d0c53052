from pathlib import Path

from edge.crm.store import Store


async def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "new" / "crm", [])
    try:
        pragma = store._database.execute
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
        assert pragma("PRAGMA synchronous").fetchone() == (2,)  # FULL
    finally:
        await store.close()
