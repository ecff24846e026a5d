"""Subscriptions that are open at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from db.errors import Overloaded
from db.ids import new_id
from graph.guards.subscriptions import SubscriptionLimits

A, B = new_id(), new_id()


def test_a_key_may_have_so_many_and_may_again_when_one_ends() -> None:
    limits = SubscriptionLimits(2, 100)
    with ExitStack() as stack:
        stack.enter_context(limits.held(A))
        with limits.held(A):
            with pytest.raises(Overloaded) as refused, limits.held(A):
                pass
            assert refused.value.extensions["retryAfterSeconds"] > 0
            stack.enter_context(limits.held(B))
        stack.enter_context(limits.held(A))
        assert limits.open == 3
    assert limits.open == 0


def test_a_process_may_have_so_many() -> None:
    limits = SubscriptionLimits(2, 2)
    with limits.held(A), limits.held(B), pytest.raises(Overloaded), limits.held(B):
        pass
    assert limits.open == 0


def test_one_that_fails_is_over() -> None:
    limits = SubscriptionLimits(1, 1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), limits.held(A):
            raise ZeroDivisionError
    assert limits.open == 0
