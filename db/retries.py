"""Retries, all of them with jitter: those who failed together do not come back together (tenacity).

`retried` repeats a call while its errors pass. What a process does for as long as it runs is begun again by
`db.postgres.outage.keep_running`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_base, wait_random, wait_random_exponential

T = TypeVar("T")

#: Before a server that is away is asked again.
AWAY_SECONDS = 0.5


def every_half_second() -> wait_base:
    """Pauses for what is away and comes back all at once, such as a server that restarts."""
    return wait_random(AWAY_SECONDS / 2, AWAY_SECONDS * 1.5)


def growing(first_seconds: float) -> wait_base:
    """Pauses for what others use too: drawn from 0 to a bound that doubles from ``first_seconds`` ("full jitter").

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    return wait_random_exponential(multiplier=first_seconds)


async def retried(
    work: Callable[[], Awaitable[T]],
    *,
    passes: Callable[[BaseException], bool],
    pauses: wait_base,
    tries: int | None = None,
    patience_seconds: float | None = None,
    told: Callable[[int, BaseException], None] = lambda _tries, _error: None,
) -> T:
    """What ``work`` returns, which is done again while it raises an error that ``passes``. Raises its last error.

    ``tries``: how often it is done at the most; ``patience_seconds``: for how long it is begun again; None: without
    bound. ``told`` is called before each pause with the tries so far and the error.
    """
    began = time.monotonic()
    try:
        return await work()  # nearly always all: tenacity takes longer than many a statement
    except Exception as error:
        if not passes(error):
            raise
        first: list[Exception] = [error]

    async def again() -> T:
        if first:  # the try above counts
            raise first.pop()
        return await work()

    def stop(state: RetryCallState) -> bool:
        left = None if patience_seconds is None else patience_seconds - (time.monotonic() - began)
        return (left is not None and left <= 0) or (tries is not None and state.attempt_number >= tries)

    def tell(state: RetryCallState) -> None:
        assert state.outcome is not None
        failed = state.outcome.exception()
        assert failed is not None
        told(state.attempt_number, failed)

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and passes(error)),
        wait=pauses,
        stop=stop,
        before_sleep=tell,
        reraise=True,
    )
    result: T = await retrying(again)
    return result


def backoff(failures: int, *, first_seconds: float, longest_seconds: float) -> float:
    """The pause after so many failures in a row: doubles up to a bound, and is drawn from the upper half of that."""
    bound = min(first_seconds * 2.0 ** min(failures - 1, 60), longest_seconds)
    return random.uniform(bound / 2, bound)  # noqa: S311 - no secret
