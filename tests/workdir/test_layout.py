"""A workdir holds one run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from configs import stargan_v2
from handwriting_gan.errors import InputError
from handwriting_gan.workdir import layout
from handwriting_gan.workdir.layout import RELEASED, Workdir, check_claim, check_free, claim, locked, read_config


def test_reading_returns_the_claimed_config(tmp_path: Path) -> None:
    config = stargan_v2.get_config("base")
    claim(Workdir(tmp_path / "run"), config)
    assert read_config(Workdir(tmp_path / "run")).to_dict() == config.to_dict()


def test_the_same_config_may_claim_again(tmp_path: Path) -> None:
    for _ in range(2):
        claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))


def test_another_config_is_an_error_that_shows_the_difference(tmp_path: Path) -> None:
    claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    other = stargan_v2.get_config("tiny")
    other.losses.cycle = 3.5
    with pytest.raises(InputError, match=r"losses\.cycle 1\.0 -> 3\.5"):
        claim(Workdir(tmp_path), other)
    del other.losses["cycle"]
    with pytest.raises(InputError, match=r"losses\.cycle 1\.0 -> None"):
        claim(Workdir(tmp_path), other)
    assert read_config(Workdir(tmp_path)).losses.cycle == 1.0


def test_a_run_may_be_extended_but_not_shortened(tmp_path: Path) -> None:
    config = stargan_v2.get_config("tiny")
    config.diversity_decay_steps = 5
    claim(Workdir(tmp_path), config)
    config.steps += 10
    claim(Workdir(tmp_path), config)
    assert read_config(Workdir(tmp_path)).steps == config.steps
    config.steps -= 1
    with pytest.raises(InputError, match="steps"):
        claim(Workdir(tmp_path), config)


def test_extending_a_run_must_not_change_its_schedule(tmp_path: Path) -> None:
    claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    longer = stargan_v2.get_config("tiny")
    longer.steps = 50
    assert longer.diversity_decay_steps == 50
    with pytest.raises(InputError, match="diversity_decay_steps 8 -> 50"):
        claim(Workdir(tmp_path), longer)
    longer.diversity_decay_steps = 8
    claim(Workdir(tmp_path), longer)


@pytest.mark.parametrize(("step", "extended"), [(6, True), (7, False)])
def test_a_run_whose_rates_have_begun_to_decrease_cannot_be_extended(
        step: int, extended: bool, tmp_path: Path) -> None:
    config = stargan_v2.get_config("tiny")
    config.steps, config.rate_decay, config.diversity_decay_steps = 10, 0.4, 10
    claim(Workdir(tmp_path), config)
    (Workdir(tmp_path).checkpoints / str(step)).mkdir(parents=True)
    config.steps = 20
    if extended:
        claim(Workdir(tmp_path), config)
    else:
        with pytest.raises(InputError, match="already decrease toward step 10; continue with"):
            claim(Workdir(tmp_path), config)
    assert read_config(Workdir(tmp_path)).steps == (20 if extended else 10)


@pytest.mark.parametrize("content", ["{", "5", "[1]", '"x"', "[" * 100_000, '{"__class__": 3}', '{"a.b": 1}'],
                         ids=lambda content: content[:9])
def test_a_config_that_is_not_a_json_object_is_an_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_config(Workdir(tmp_path))


def test_a_workdir_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        claim(Workdir(tmp_path / "file"), stargan_v2.get_config("tiny"))


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        read_config(Workdir(tmp_path))


def test_samples_sort_by_step() -> None:
    names = [Workdir(Path()).sample("latent", step).name for step in (9, 80, 100_000)]
    assert names == sorted(names)


def test_a_config_with_an_old_field_name_is_read_by_its_new_name(tmp_path: Path) -> None:
    new = (RELEASED / "config.json").read_text()
    (tmp_path / "config.json").write_text(new.replace('"ema_decay"', '"averaging"'))
    config = read_config(Workdir(tmp_path))
    assert config.to_dict() == read_config(Workdir(RELEASED)).to_dict()
    assert config.ema_decay == 0.998


def test_a_run_with_an_old_field_name_is_the_same_run(tmp_path: Path) -> None:
    config = stargan_v2.get_config("tiny")
    old = {"averaging" if name == "ema_decay" else name: value
           for name, value in json.loads(config.to_json()).items()}
    (tmp_path / "config.json").write_text(json.dumps(old))
    check_claim(Workdir(tmp_path), config)
    claim(Workdir(tmp_path), config)
    assert json.loads((tmp_path / "config.json").read_text()) == json.loads(config.to_json())
    other = stargan_v2.get_config("tiny")
    other.ema_decay = 0.5
    (tmp_path / "config.json").write_text(json.dumps(old))
    with pytest.raises(InputError, match=r"ema_decay 0\.9 -> 0\.5"):
        claim(Workdir(tmp_path), other)


def test_one_process_at_a_time_trains_in_a_workdir(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "new")
    with locked(workdir), pytest.raises(InputError, match="another process is training"), locked(workdir):
        pass
    with locked(workdir):
        pass


def test_the_error_names_a_path_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"), locked(Workdir(tmp_path / "file")):
        pass


@pytest.mark.parametrize("left", ["checkpoints/4/averaged", "metrics.jsonl"])
def test_a_run_without_its_config_accepts_no_other_config(left: str, tmp_path: Path) -> None:
    path = tmp_path / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=rf"holds {left.split('/')[0]}, but no config\.json"):
        claim(Workdir(tmp_path), stargan_v2.get_config("tiny"))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_config_on_disk_out_of_range_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"method": "stargan_v2", "ema_decay": float("nan")}))
    with pytest.raises(InputError, match=r"config\.json: ema_decay is nan; it must be at least 0"):
        read_config(Workdir(tmp_path))


def test_an_unclaimed_run_removes_the_folders_that_it_made(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "one" / "two")
    with pytest.raises(InputError, match="no"), locked(workdir):
        workdir.events.mkdir()
        (workdir.events / "file").touch()
        raise InputError("no")
    assert not list(tmp_path.iterdir())


def test_an_unclaimed_run_leaves_the_files_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="no"), locked(Workdir(tmp_path)):
        raise InputError("no")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_claimed_workdir_remains_without_the_lock_file(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    with locked(workdir):
        claim(workdir, stargan_v2.get_config("tiny"))
    assert [path.name for path in workdir.root.iterdir()] == ["config.json"]


KILLED = """
import os, sys
from pathlib import Path
from handwriting_gan.workdir.layout import Workdir, locked
with locked(Workdir(Path(sys.argv[1]))):
    os._exit(9)
"""


def test_the_lock_of_a_killed_process_is_void(tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    assert subprocess.run([sys.executable, "-c", KILLED, workdir.root], check=False).returncode == 9
    assert workdir.lock.exists()
    check_free(workdir)
    assert workdir.lock.exists()  # the check changes nothing
    with locked(workdir):
        pass
    assert not workdir.lock.exists()


def test_the_check_finds_a_training_process_and_a_read_only_folder(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workdir = Workdir(tmp_path / "run")
    with locked(workdir), pytest.raises(InputError, match="another process is training"):
        check_free(workdir)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file cannot be written to"):
        check_free(Workdir(tmp_path / "file" / "run"))
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(InputError, match="link is a link to a folder that does not exist"):
        check_free(Workdir(tmp_path / "link"))
    (tmp_path / "link").unlink()
    monkeypatch.setattr(layout.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="cannot be written to"):
        check_free(workdir)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["checkpoints", "events", "samples"])
def test_the_check_finds_a_file_in_place_of_a_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"{name} is a file"):
        check_free(Workdir(tmp_path))


def test_the_lock_works_without_unix() -> None:
    assert not hasattr(layout, "fcntl")
