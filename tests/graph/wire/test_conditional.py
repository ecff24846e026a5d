"""If-None-Match on each resource with an ETag."""

from __future__ import annotations

import pytest

from graph.wire.conditional import none_match

TAG = '"v1"'


@pytest.mark.parametrize(
    "told", ['"v1"', 'W/"v1"', '"x", "v1"', '"x",W/"v1" ,"y"', ',, "v1" ,', "*", " * ", '"a,b","v1"']
)
@pytest.mark.parametrize("etag", ['"v1"', 'W/"v1"'])
def test_the_current_version_is_not_sent_again(told: str, etag: str) -> None:
    assert not none_match(told, etag)


@pytest.mark.parametrize(
    "told",
    [
        "",
        '"x"',
        "v1",
        'w/"v1"',
        '"x" "v1"',
        '"v1',
        "W/*",
        '"x", *',
        '*, "x"',
        '"V1"',
        '"a,"v1",b"',
        "W/",
        ",",
        '"v1"; q=1',
    ],
)
def test_another_version_and_what_is_no_list_of_tags_get_the_whole(told: str) -> None:
    assert none_match(told, TAG)


def test_a_tag_may_have_commas() -> None:
    assert not none_match('"x", "a,b"', '"a,b"')
    assert none_match('"x, a", "b"', '"a"')


def test_a_long_header_is_read_in_linear_time() -> None:
    assert none_match('"x",' * 20_000 + "x", TAG)
    assert none_match('"' * 60_000, TAG)
    assert none_match(", " * 30_000, TAG)
