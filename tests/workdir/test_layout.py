"""A workdir holds one run."""

from pathlib import Path

import pytest

from configs import stargan_v2
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir, alone, claim, read_config


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
