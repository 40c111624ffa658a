"""The first signal waits for the end of the step; a repeat is ignored at first, and kills later."""

import signal

import pytest

from handwriting_gan.training import interruption as module
from handwriting_gan.training.interruption import REPEAT, SIGNALS, InterruptedRunError, Interruption


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that `Interruption` reads, as its only element."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_recorded_and_does_not_kill(number: signal.Signals) -> None:
    with Interruption() as interruption:
        assert not interruption.number
        signal.raise_signal(number)
        assert interruption.number == number


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_soon_after_the_first_is_ignored(
        first: signal.Signals, second: signal.Signals, clock: list[float]) -> None:
    with Interruption() as interruption:
        signal.raise_signal(first)
        for elapsed in (0.0, 0.5 * REPEAT, 0.9 * REPEAT):
            clock[0] = 100.0 + elapsed
            signal.raise_signal(second)
        assert interruption.number == first


@pytest.mark.parametrize("first", SIGNALS)
def test_a_later_signal_has_its_usual_effect(first: signal.Signals, clock: list[float]) -> None:
    with Interruption() as interruption:
        signal.raise_signal(first)
        clock[0] += 1.1 * REPEAT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interruption.number == first


def test_the_context_restores_the_handlers() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_the_exit_code_is_a_shells_for_the_signal() -> None:
    stopped = InterruptedRunError(signal.SIGTERM, 12)
    assert stopped.exit_code == 143
    assert "stopped by SIGTERM and saved at step 12; run the same command again to resume" in str(stopped)
