"""Retries: transient errors, limits of attempts and time, backoff and jitter."""

from __future__ import annotations

import asyncio
import time

import pytest
from tenacity import wait_fixed

from db.retries import backoff, constant_wait, full_jitter, retry


class Transient(Exception):
    pass


def is_transient(error: BaseException) -> bool:
    return isinstance(error, Transient)


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


async def test_transient_errors_are_retried() -> None:
    work, retries = Work(Transient("a"), Transient("b")), list[tuple[int, str]]()
    found = await retry(
        work,
        is_transient=is_transient,
        wait=full_jitter(0.001),
        attempts=5,
        on_retry=lambda n, error: retries.append((n, str(error))),
    )
    assert (found, retries) == (3, [(1, "a"), (2, "b")])


async def test_other_errors_are_raised_at_once() -> None:
    for errors, done in (([ValueError("x")], 1), ([Transient("a"), ValueError("x")], 2)):
        work = Work(*errors)
        with pytest.raises(ValueError, match="x"):
            await retry(work, is_transient=is_transient, wait=full_jitter(0.001), attempts=5)
        assert work.done == done


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_the_error_of_the_last_attempt_is_raised(attempts: int) -> None:
    work = Work(*(Transient(str(each)) for each in range(1, 9)))
    with pytest.raises(Transient, match=str(attempts)):
        await retry(work, is_transient=is_transient, wait=full_jitter(0.001), attempts=attempts)
    assert work.done == attempts


async def test_without_patience_there_is_one_attempt() -> None:
    work = Work(Transient("a"))
    with pytest.raises(Transient):
        await retry(work, is_transient=is_transient, wait=constant_wait(), patience_seconds=0)
    assert work.done == 1


async def test_patience_counts_from_the_first_attempt() -> None:
    work = Work(*(Transient("a") for _ in range(9)), seconds=0.3)
    with pytest.raises(Transient):
        await retry(work, is_transient=is_transient, wait=full_jitter(0.001), patience_seconds=0.2)
    assert work.done == 1


@pytest.mark.parametrize("fails_first", [False, True])
async def test_a_cancellation_is_not_retried(fails_first: bool) -> None:
    work = Work(*([Transient("a")] if fails_first else []), asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await retry(work, is_transient=lambda _: True, wait=full_jitter(0.001), attempts=5)
    assert work.done == 1 + fails_first


async def test_a_cancellation_ends_a_wait() -> None:
    work = Work(*(Transient("a") for _ in range(99)))
    task = asyncio.create_task(retry(work, is_transient=is_transient, wait=wait_fixed(60), patience_seconds=90))
    await asyncio.sleep(0.05)
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (work.done, time.monotonic() - began < 50) == (1, True)


def test_backoff_doubles_up_to_a_bound_with_jitter() -> None:
    for failures, bound in ((1, 0.2), (2, 0.4), (3, 0.8), (6, 5.0), (10_000, 5.0)):
        drawn = [backoff(failures, first_seconds=0.2, longest_seconds=5) for _ in range(200)]
        assert all(bound / 2 <= each <= bound for each in drawn)
        assert len(set(drawn)) > 100
    assert backoff(3, first_seconds=0, longest_seconds=5) == 0
