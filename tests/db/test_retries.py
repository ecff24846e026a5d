"""What is tried again, for how long and how often; pauses are drawn at random."""

from __future__ import annotations

import asyncio
import time

import pytest

from db.retries import backoff, every_half_second, growing, retried


class Passes(Exception):
    pass


def passes(error: BaseException) -> bool:
    return isinstance(error, Passes)


class Work:
    """Fails with each of ``errors`` in turn, then returns how often it was done."""

    def __init__(self, *errors: BaseException, seconds: float = 0) -> None:
        self.done = 0
        self._errors = list(errors)
        self._seconds = seconds

    async def __call__(self) -> int:
        self.done += 1
        await asyncio.sleep(self._seconds)
        if self._errors:
            raise self._errors.pop(0)
        return self.done


async def test_what_passes_is_done_again_and_told() -> None:
    work, told = Work(Passes("a"), Passes("b")), list[tuple[int, str]]()
    found = await retried(
        work, passes=passes, pauses=growing(0.001), tries=5, told=lambda n, error: told.append((n, str(error)))
    )
    assert (found, told) == (3, [(1, "a"), (2, "b")])


async def test_what_does_not_pass_is_raised_at_once_also_later() -> None:
    for errors, done in (([ValueError("x")], 1), ([Passes("a"), ValueError("x")], 2)):
        work = Work(*errors)
        with pytest.raises(ValueError, match="x"):
            await retried(work, passes=passes, pauses=growing(0.001), tries=5)
        assert work.done == done


@pytest.mark.parametrize("tries", [1, 2, 5])
async def test_the_last_error_of_so_many_tries_is_raised(tries: int) -> None:
    work = Work(*(Passes(str(each)) for each in range(1, 9)))
    with pytest.raises(Passes, match=str(tries)):
        await retried(work, passes=passes, pauses=growing(0.001), tries=tries)
    assert work.done == tries


async def test_without_patience_it_is_done_once() -> None:
    work = Work(Passes("a"))
    with pytest.raises(Passes):
        await retried(work, passes=passes, pauses=every_half_second(), patience_seconds=0)
    assert work.done == 1


async def test_patience_counts_from_the_first_try() -> None:
    work = Work(*(Passes("a") for _ in range(9)), seconds=0.3)
    with pytest.raises(Passes):
        await retried(work, passes=passes, pauses=growing(0.001), patience_seconds=0.2)
    assert work.done == 1


@pytest.mark.parametrize("fails_first", [False, True])
async def test_a_cancellation_is_never_taken_for_an_error_that_passes(fails_first: bool) -> None:
    work = Work(*([Passes("a")] if fails_first else []), asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await retried(work, passes=lambda _: True, pauses=growing(0.001), tries=5)
    assert work.done == 1 + fails_first


async def test_a_cancellation_ends_a_pause() -> None:
    work = Work(*(Passes("a") for _ in range(99)))
    task = asyncio.create_task(retried(work, passes=passes, pauses=every_half_second(), patience_seconds=60))
    await asyncio.sleep(0.05)
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (work.done, time.monotonic() - began < 0.2) == (1, True)


def test_pauses_double_up_to_a_bound_and_no_two_are_alike() -> None:
    for failures, bound in ((1, 0.2), (2, 0.4), (3, 0.8), (6, 5.0), (10_000, 5.0)):
        drawn = [backoff(failures, first_seconds=0.2, longest_seconds=5) for _ in range(200)]
        assert all(bound / 2 <= each <= bound for each in drawn)
        assert len(set(drawn)) > 100
    assert backoff(3, first_seconds=0, longest_seconds=5) == 0
