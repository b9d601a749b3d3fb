"""Generated files are what the code says now, and a stale one is found."""

from pathlib import Path

from devstack.generated.__main__ import ROOT, pages, stale


def test_nothing_is_stale() -> None:
    assert stale(ROOT) == []


def test_a_stale_a_missing_and_an_orphaned_file_are_found(tmp_path: Path) -> None:
    for path, text in pages().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert stale(tmp_path) == []
    (tmp_path / "docs/events.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs/errors.md").unlink()
    (tmp_path / "docs/states/of-yesterday.md").write_text("gone", encoding="utf-8")
    assert stale(tmp_path) == ["docs/errors.md", "docs/events.md", "docs/states/of-yesterday.md"]
