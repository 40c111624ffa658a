"""A signal waits for the step's end; a second one does not."""

import signal

import pytest

from handwriting_gan.training.interruption import SIGNALS, InterruptedRunError, Interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted_and_nothing_dies(number: signal.Signals) -> None:
    with Interruption() as interruption:
        assert not interruption.number
        signal.raise_signal(number)
        assert interruption.number == number


def test_a_second_sigint_interrupts() -> None:
    with Interruption():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_the_exit_code_says_which_signal_as_a_shell_does() -> None:
    stopped = InterruptedRunError(signal.SIGTERM, 12)
    assert stopped.exit_code == 143
    assert "stopped by SIGTERM and saved at step 12; the same command goes on" in str(stopped)
