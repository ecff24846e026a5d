"""Retries with backoff and jitter (tenacity), so that clients that failed together do not retry together.

`retry` repeats a call while its errors are transient. `db.postgres.outage.run_forever` restarts background loops.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_base, wait_random, wait_random_exponential

T = TypeVar("T")

#: Mean wait before the next attempt during an outage of a server.
OUTAGE_WAIT_SECONDS = 0.5


def constant_wait() -> wait_base:
    """Waits of 0.25 to 0.75 seconds, for a server that is down and returns at once, as after a restart."""
    return wait_random(OUTAGE_WAIT_SECONDS / 2, OUTAGE_WAIT_SECONDS * 1.5)


def full_jitter(first_seconds: float) -> wait_base:
    """Exponential backoff with full jitter, for contention: 0 to a bound that doubles from ``first_seconds``.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    return wait_random_exponential(multiplier=first_seconds)


async def retry(
    work: Callable[[], Awaitable[T]],
    *,
    is_transient: Callable[[BaseException], bool],
    wait: wait_base,
    attempts: int | None = None,
    patience_seconds: float | None = None,
    on_retry: Callable[[int, BaseException], None] = lambda _attempts, _error: None,
) -> T:
    """Calls ``work`` until it succeeds; returns its result. Raises its last error.

    ``attempts``: most calls; ``patience_seconds``: time after which no further call begins; None: no limit.
    ``on_retry``: called before each wait with the number of attempts so far and the error.
    """
    began = time.monotonic()
    try:
        return await work()  # nearly always succeeds: tenacity's overhead exceeds many a statement's time
    except Exception as error:
        if not is_transient(error):
            raise
        first: list[Exception] = [error]

    async def attempt() -> T:
        if first:  # the call above is the first attempt
            raise first.pop()
        return await work()

    def stop(state: RetryCallState) -> bool:
        left = None if patience_seconds is None else patience_seconds - (time.monotonic() - began)
        return (left is not None and left <= 0) or (attempts is not None and state.attempt_number >= attempts)

    def before_sleep(state: RetryCallState) -> None:
        assert state.outcome is not None
        failed = state.outcome.exception()
        assert failed is not None
        on_retry(state.attempt_number, failed)

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and is_transient(error)),
        wait=wait,
        stop=stop,
        before_sleep=before_sleep,
        reraise=True,
    )
    result: T = await retrying(attempt)
    return result


def backoff(failures: int, *, first_seconds: float, longest_seconds: float) -> float:
    """Exponential backoff with equal jitter: the wait in seconds after ``failures`` in a row.

    Drawn from the upper half of a bound that doubles from ``first_seconds`` to ``longest_seconds``.
    """
    bound = min(first_seconds * 2.0 ** min(failures - 1, 60), longest_seconds)
    return random.uniform(bound / 2, bound)  # noqa: S311 - no secret
