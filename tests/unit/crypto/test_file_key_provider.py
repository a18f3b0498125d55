"""Keys in a folder: whole or not there, one of a name, for the office's eyes only, and gone when destroyed."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from foundation.crypto import FileKeyProvider, KeyGone, KeyStoreUnusable, OpenFailed
from tests.unit.crypto.ciphertexts import each_bit_flipped, opens

KEY = bytes(range(32))
RACES = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def provider(folder: Path) -> FileKeyProvider:
    provider = FileKeyProvider.initialise(folder)
    provider.create("share/2027-03")
    return provider


def test_a_wrapped_key_comes_back(provider: FileKeyProvider, folder: Path) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    assert KEY not in wrapped
    assert FileKeyProvider(folder).unwrap("share/2027-03", wrapped) == KEY


def test_no_bit_of_a_wrapped_key_can_be_altered(provider: FileKeyProvider) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    assert not any(opens(provider.unwrap, "share/2027-03", altered) for altered in each_bit_flipped(wrapped))


def test_a_wrapped_key_opens_under_its_own_name_only(provider: FileKeyProvider, folder: Path) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    (folder / "share.2027-04.kek").hardlink_to(folder / "share.2027-03.kek")
    renamed = wrapped.replace(b"2027-03", b"2027-04")
    assert not opens(provider.unwrap, "share/2027-04", wrapped)
    assert not opens(provider.unwrap, "share/2027-04", renamed)


def test_a_key_file_is_worth_nothing_without_its_root(provider: FileKeyProvider, tmp_path: Path) -> None:
    stolen = FileKeyProvider.initialise(tmp_path / "thief")
    (tmp_path / "thief" / "share.2027-03.kek").hardlink_to(tmp_path / "keys" / "share.2027-03.kek")
    assert not opens(stolen.unwrap, "share/2027-03", provider.wrap("share/2027-03", KEY))


def test_making_a_key_again_keeps_it(provider: FileKeyProvider) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    provider.create("share/2027-03")
    assert provider.unwrap("share/2027-03", wrapped) == KEY


def test_initialising_again_keeps_the_root(provider: FileKeyProvider, folder: Path) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    assert FileKeyProvider.initialise(folder).unwrap("share/2027-03", wrapped) == KEY


def test_the_keys_are_listed_by_name(provider: FileKeyProvider) -> None:
    for name in ("bucket", "index/subject/1"):
        provider.create(name)
    assert provider.list() == ["bucket", "index/subject/1", "share/2027-03"]


def test_what_a_destroyed_key_wrapped_is_gone_for_good(provider: FileKeyProvider, folder: Path) -> None:
    wrapped = provider.wrap("share/2027-03", KEY)
    provider.destroy("share/2027-03")
    with pytest.raises(KeyGone, match="share/2027-03"):
        provider.unwrap("share/2027-03", wrapped)
    with pytest.raises(KeyGone):
        provider.wrap("share/2027-03", KEY)
    provider.create("share/2027-03")
    with pytest.raises(OpenFailed):
        provider.unwrap("share/2027-03", wrapped)


def test_destroying_a_key_twice_does_nothing_more(provider: FileKeyProvider) -> None:
    provider.destroy("share/2027-03")
    provider.destroy("share/2027-03")
    assert provider.list() == []


def test_destroying_leaves_no_second_name_that_a_killed_process_left(provider: FileKeyProvider, folder: Path) -> None:
    left = folder / ".share.2027-03.kek.0123456789abcdef"
    left.hardlink_to(folder / "share.2027-03.kek")
    assert provider.list() == ["share/2027-03"]
    provider.destroy("share/2027-03")
    assert sorted(path.name for path in folder.iterdir()) == ["root.key"]


def test_files_are_0400_and_the_folder_0700_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        FileKeyProvider.initialise(folder).create("bucket")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {"keys": 0o700, "root.key": 0o400, "bucket.kek": 0o400}


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o600, 0o500, 0o644])
def test_a_key_file_open_to_others_is_refused_with_the_remedy(
    provider: FileKeyProvider, folder: Path, mode: int
) -> None:
    for file, use in (
        (folder / "share.2027-03.kek", lambda: provider.wrap("share/2027-03", KEY)),
        (folder / "root.key", lambda: FileKeyProvider(folder)),
    ):
        file.chmod(mode)
        with pytest.raises(KeyStoreUnusable, match=f"chmod 0400 {file}"):
            use()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
@pytest.mark.usefixtures("provider")
def test_a_key_folder_open_to_others_is_refused_with_the_remedy(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(KeyStoreUnusable, match=f"chmod 0700 {folder}"):
        FileKeyProvider(folder)


def test_a_missing_folder_is_told(folder: Path) -> None:
    with pytest.raises(KeyStoreUnusable, match="no key folder"):
        FileKeyProvider(folder)


@pytest.mark.usefixtures("provider")
def test_a_lost_root_is_not_made_anew_over_keys_that_need_the_old_one(folder: Path) -> None:
    (folder / "root.key").unlink()
    with pytest.raises(KeyStoreUnusable, match=r"put root\.key back"):
        FileKeyProvider.initialise(folder)
    assert not (folder / "root.key").exists()


def test_a_damaged_key_file_is_told(provider: FileKeyProvider, folder: Path) -> None:
    file = folder / "share.2027-03.kek"
    file.unlink()
    file.write_bytes(bytes(31))
    file.chmod(0o400)
    with pytest.raises(KeyStoreUnusable, match="damaged"):
        provider.wrap("share/2027-03", KEY)


def test_a_key_file_is_no_link_to_somewhere_else(provider: FileKeyProvider, folder: Path) -> None:
    (folder / "bucket.kek").symlink_to(folder / "share.2027-03.kek")
    with pytest.raises(KeyStoreUnusable, match="can't be read"):
        provider.wrap("bucket", KEY)


@pytest.mark.parametrize("name", ["../root", "root.key", "", "a//b", "share/2027-03/"])
def test_a_name_can_not_lead_out_of_the_folder(provider: FileKeyProvider, name: str) -> None:
    with pytest.raises(ValueError, match="key's name"):
        provider.create(name)


def test_processes_that_make_the_same_key_at_once_all_get_the_same_one(folder: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    racers = [context.Process(target=_race, args=(folder, tmp_path / f"racer{n}", together)) for n in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=120)
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    provider = FileKeyProvider(folder)
    for file in tmp_path.glob("racer*/*"):
        assert provider.unwrap(f"race/{file.name}", file.read_bytes()) == KEY
    assert len(provider.list()) == RACES
    assert not list(folder.glob(".*"))


def _race(folder: Path, results: Path, together: Barrier) -> None:
    results.mkdir()
    together.wait(timeout=60)
    provider = FileKeyProvider.initialise(folder)
    for race in range(RACES):
        together.wait(timeout=60)
        provider.create(f"race/{race}")
        (results / str(race)).write_bytes(provider.wrap(f"race/{race}", KEY))


def test_a_provider_prints_its_folder_only(provider: FileKeyProvider, folder: Path) -> None:
    assert repr(provider) == f"FileKeyProvider('{folder}')"
