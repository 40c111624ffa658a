"""Checkpoints restore what was saved, item by item."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir

STATE = {"step": np.int32(3), "params": {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}}
AVERAGED = {"w": np.full((2, 3), 0.5, np.float32)}


def shapes(tree: dict) -> dict:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


@pytest.fixture
def workdir(tmp_path: Path) -> Workdir:
    workdir = Workdir(tmp_path)
    manager = checkpoints.open_for_training(workdir)
    for step in (1, 3):
        checkpoints.save(manager, step, state=STATE, averaged=AVERAGED)
    manager.close()
    return workdir


BOTH = {checkpoints.STATE: shapes(STATE), checkpoints.AVERAGED: shapes(AVERAGED)}


def restore(workdir: Workdir) -> checkpoints.Restored:
    """Restores both items, as training does."""
    manager = checkpoints.open_for_training(workdir)
    restored = checkpoints.restore(manager, BOTH)
    manager.close()
    return restored


def test_restoring_the_newest_state_is_exact(workdir: Workdir) -> None:
    restored = restore(workdir)
    assert restored.step == 3
    assert not restored.damaged
    assert jax.tree.all(jax.tree.map(np.array_equal, restored.items,
                                     {checkpoints.STATE: STATE, checkpoints.AVERAGED: AVERAGED}))


def files(workdir: Workdir, step: int) -> list[Path]:
    """Every file of a checkpoint's items."""
    return [path for path in workdir.checkpoints.glob(f"{step}/*/**/*") if path.is_file()]


@pytest.mark.parametrize("alter", [
    pytest.param(lambda content: content[:len(content) // 2], id="truncated"),
    pytest.param(lambda content: content[:-1] + bytes([content[-1] ^ 1]), id="one bit"),
    pytest.param(lambda content: content + b"more", id="prolonged"),
])
def test_an_altered_file_leads_to_the_checkpoint_before(
        workdir: Workdir, alter: Callable[[bytes], bytes]) -> None:
    for path in files(workdir, 3):
        whole = path.read_bytes()
        if not whole:
            continue
        path.write_bytes(alter(whole))
        restored = restore(workdir)
        assert restored.step == 1
        assert path.name in restored.damaged[3]
        path.write_bytes(whole)
    assert restore(workdir).step == 3


def test_a_missing_file_leads_to_the_checkpoint_before(workdir: Workdir) -> None:
    files(workdir, 3)[0].unlink()
    assert "missing" in restore(workdir).damaged[3]


def test_only_the_newest_checkpoints_are_kept(workdir: Workdir) -> None:
    manager = checkpoints.open_for_training(workdir)
    for step in (5, 7):
        checkpoints.save(manager, step, state=STATE, averaged=AVERAGED)
    assert sorted(manager.all_steps()) == [5, 7]
    manager.close()


def test_averages_are_restored_without_the_state(workdir: Workdir) -> None:
    averaged, step = checkpoints.restore_averaged(workdir, shapes(AVERAGED))
    assert step == 3
    assert np.array_equal(averaged["w"], AVERAGED["w"])


def test_without_a_checkpoint_there_is_nothing_to_restore(tmp_path: Path) -> None:
    manager = checkpoints.open_for_training(Workdir(tmp_path))
    assert checkpoints.restore(manager, {checkpoints.STATE: shapes(STATE)}) is None
    manager.close()
    with pytest.raises(InputError, match="no checkpoint yet"):
        checkpoints.restore_averaged(Workdir(tmp_path), shapes(AVERAGED))
    with pytest.raises(InputError, match="no checkpoint yet"):
        checkpoints.restore_averaged(Workdir(tmp_path / "none"), shapes(AVERAGED))


def test_only_damaged_checkpoints_are_an_error(workdir: Workdir) -> None:
    for path in workdir.checkpoints.glob("?/averaged/**/d/*"):
        path.write_bytes(b"noise" * 10)
    with pytest.raises(InputError, match="damaged"):
        checkpoints.restore_averaged(workdir, shapes(AVERAGED))


@pytest.mark.parametrize("other", [{"w": np.zeros((4, 4), np.float32)},
                                   {"v": np.zeros((2, 3), np.float32)}])
def test_another_shape_or_name_is_an_error(workdir: Workdir, other: dict) -> None:
    with pytest.raises(InputError, match="does not fit"):
        checkpoints.restore_averaged(workdir, shapes(other))


def test_a_full_disk_is_an_error_before_any_file_is_written(workdir: Workdir,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(workdir.root.rglob("*"))
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with (contextlib.closing(checkpoints.open_for_training(workdir)) as manager,
          pytest.raises(InputError, match=r"0\.0 MB free.*free some space")):
        checkpoints.save(manager, 5, state=STATE, averaged=AVERAGED)
    assert sorted(workdir.root.rglob("*")) == before


def test_a_failed_save_is_an_error_and_keeps_earlier_checkpoints(workdir: Workdir,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    def quota(*arguments: object, **options: object) -> None:
        raise ValueError("RESOURCE_EXHAUSTED: Disk quota exceeded\nand much else")

    with contextlib.closing(checkpoints.open_for_training(workdir)) as manager:
        with monkeypatch.context() as patched:
            patched.setattr(checkpoints, "seal", quota)  # the last action of a save
            with pytest.raises(InputError, match=r"step 5 cannot be saved.*quota exceeded\); earlier checkpoints"):
                checkpoints.save(manager, 5, state=STATE, averaged=AVERAGED)
        manager.delete(5)
    assert restore(workdir).step == 3


def test_setting_a_damaged_checkpoint_aside_keeps_all_its_files(workdir: Workdir) -> None:
    path = files(workdir, 3)[0]
    path.write_bytes(b"noise")
    content = {file.relative_to(workdir.checkpoints): file.read_bytes() for file in files(workdir, 3)}
    (workdir.root / "checkpoints_damaged" / "3").mkdir(parents=True)  # set aside earlier
    with contextlib.closing(checkpoints.open_for_training(workdir)) as manager:
        restored = checkpoints.restore(manager, BOTH)
        checkpoints.set_aside(manager, restored.damaged)
        assert list(manager.all_steps()) == [1]
        checkpoints.save(manager, 3, state=STATE, averaged=AVERAGED)
    aside = workdir.root / "checkpoints_damaged" / "3_2"
    assert {file: (aside / file.relative_to("3")).read_bytes() for file in content} == content
    assert restore(workdir).step == 3


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O error"),
                                   OSError(24, "Too many open files"), MemoryError()])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_temporary_read_error_stops_the_run(
        error: BaseException, sealed: bool, workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> None:
    if not sealed:
        (workdir.checkpoints / "3" / checkpoints.HASHES).unlink()
    before = sorted(workdir.root.rglob("*"))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if "averaged" in path.parts:
            raise error
        return read(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        with pytest.raises(InputError, match=r"step 3 .* cannot be read"):
            restore(workdir)
        with pytest.raises(InputError, match=r"step 3 .* cannot be read"):
            checkpoints.restore_averaged(workdir, shapes(AVERAGED))
    assert sorted(workdir.root.rglob("*")) == before
    assert restore(workdir).step == 3


@pytest.mark.parametrize("error", [ValueError("RESOURCE_EXHAUSTED"), RuntimeError("busy"), OSError(5, "I/O"),
                                   Exception("Encountered error while reading array index")])
def test_an_error_with_unchanged_files_is_not_damage(
        error: Exception, workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(checkpoints.Manager, "restore", refuse)
    with pytest.raises(InputError, match=r"step 3 .* cannot be read"):
        restore(workdir)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_an_invalid_file_of_hashes_is_damage(content: bytes, workdir: Workdir) -> None:
    (workdir.checkpoints / "3" / checkpoints.HASHES).write_bytes(content)
    assert checkpoints.HASHES in restore(workdir).damaged[3]


def test_loading_the_averages_reports_damage(workdir: Workdir, capsys: pytest.CaptureFixture[str]) -> None:
    next(path for path in files(workdir, 3) if "averaged" in path.parts).write_bytes(b"noise")
    _, step = checkpoints.restore_averaged(workdir, shapes(AVERAGED))
    assert step == 1
    report = capsys.readouterr().err
    assert "the checkpoint of step 3 is damaged" in report
    assert "using that of step 1" in report
    assert (workdir.checkpoints / "3").is_dir()
