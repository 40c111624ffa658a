"""A workdir holds one run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from configs import stargan_v2
from handwriting_gan.errors import InputError
from handwriting_gan.workdir import layout
from handwriting_gan.workdir.layout import Workdir, alone, check_free, claim, read_config


def test_a_config_comes_back_as_it_went(tmp_path: Path) -> None:
    config = stargan_v2.get_config("base")
    claim(Workdir(tmp_path / "run"), config)
    assert read_config(Workdir(tmp_path / "run")).to_dict() == config.to_dict()


def test_the_same_config_may_claim_again(tmp_path: Path) -> None:
    for _ in range(2):
        claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))


def test_another_config_is_refused_and_told_where_it_differs(tmp_path: Path) -> None:
    claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    other = stargan_v2.get_config("tiny")
    other.losses.cycle = 3.5
    with pytest.raises(InputError, match=r"losses\.cycle 1\.0 -> 3\.5"):
        claim(Workdir(tmp_path), other)
    del other.losses["cycle"]
    with pytest.raises(InputError, match=r"losses\.cycle 1\.0 -> None"):
        claim(Workdir(tmp_path), other)
    assert read_config(Workdir(tmp_path)).losses.cycle == 1.0


def test_a_run_may_be_prolonged_but_not_cut_short(tmp_path: Path) -> None:
    config = stargan_v2.get_config("tiny")
    config.diversity_decay_steps = 5
    claim(Workdir(tmp_path), config)
    config.steps += 10
    claim(Workdir(tmp_path), config)
    assert read_config(Workdir(tmp_path)).steps == config.steps
    config.steps -= 1
    with pytest.raises(InputError, match="steps"):
        claim(Workdir(tmp_path), config)


def test_a_run_whose_schedule_ends_with_it_is_not_prolonged_unawares(tmp_path: Path) -> None:
    claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    longer = stargan_v2.get_config("tiny")
    longer.steps = 50
    assert longer.diversity_decay_steps == 50
    with pytest.raises(InputError, match="diversity_decay_steps 8 -> 50"):
        claim(Workdir(tmp_path), longer)
    longer.diversity_decay_steps = 8
    claim(Workdir(tmp_path), longer)


@pytest.mark.parametrize("content", ["{", "5", "[1]", '"x"'])
def test_a_config_that_is_no_json_object_is_told_so(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_config(Workdir(tmp_path))


def test_a_workdir_that_is_a_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        claim(Workdir(tmp_path / "file"), stargan_v2.get_config("tiny"))


def test_a_folder_without_a_run_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        read_config(Workdir(tmp_path))


def test_samples_sort_by_step() -> None:
    names = [Workdir(Path()).sample("latent", step).name for step in (9, 80, 100_000)]
    assert names == sorted(names)


def test_a_workdir_is_one_trainers_at_a_time(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "new")
    with alone(workdir), pytest.raises(InputError, match="another process is training"), alone(workdir):
        pass
    with alone(workdir):
        pass


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"), alone(Workdir(tmp_path / "file")):
        pass


@pytest.mark.parametrize("left", ["checkpoints/4/averaged", "metrics.jsonl"])
def test_a_run_without_its_config_takes_no_other(left: str, tmp_path: Path) -> None:
    path = tmp_path / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=rf"holds {left.split('/')[0]}, but no config\.json"):
        claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_config_on_disk_out_of_range_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"method": "stargan_v2", "averaging": float("nan")}))
    with pytest.raises(InputError, match=r"config\.json: averaging is nan; it must be at least 0"):
        read_config(Workdir(tmp_path))


def test_a_refused_run_leaves_no_folder_that_it_made(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "one" / "two")
    with pytest.raises(InputError, match="no"), alone(workdir):
        workdir.events.mkdir()
        (workdir.events / "file").touch()
        raise InputError("no")
    assert not list(tmp_path.iterdir())


def test_a_refused_run_leaves_the_users_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="no"), alone(Workdir(tmp_path)):
        raise InputError("no")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_claimed_workdir_stays_without_its_lock(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    with alone(workdir):
        claim(workdir, stargan_v2.get_config("tiny"))
    assert [path.name for path in workdir.root.iterdir()] == ["config.json"]


KILLED = """
import os, sys
from pathlib import Path
from handwriting_gan.workdir.layout import Workdir, alone
with alone(Workdir(Path(sys.argv[1]))):
    os._exit(9)
"""


def test_a_killed_trainer_keeps_nothing(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    assert subprocess.run([sys.executable, "-c", KILLED, workdir.root], check=False).returncode == 9
    assert workdir.lock.exists()
    check_free(workdir)
    assert workdir.lock.exists()  # a look changes nothing
    with alone(workdir):
        pass
    assert not workdir.lock.exists()


def test_a_look_finds_who_trains_and_what_is_read_only(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    workdir = Workdir(tmp_path / "run")
    with alone(workdir), pytest.raises(InputError, match="another process is training"):
        check_free(workdir)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file cannot be written to"):
        check_free(Workdir(tmp_path / "file" / "run"))
    monkeypatch.setattr(layout.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="cannot be written to"):
        check_free(workdir)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_lock_needs_no_unix() -> None:
    assert not hasattr(layout, "fcntl")
