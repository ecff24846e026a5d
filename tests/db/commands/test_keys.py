"""API keys: creation, import, look-up, revocation; server secrets."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from db.commands.keys import (
    MEDIA_SECRET,
    create_key,
    find_key,
    find_unusable,
    hash_secret,
    import_key,
    list_keys,
    revoke_key,
    server_secret,
)
from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.models.tenancy import ApiKey
from db.postgres.database import Database
from tests.conftest import holder_of
from tests.db.rows import everything, scalar


async def test_a_key_identifies_its_tenant(database: Database, key: str, other_key: str) -> None:
    mine, theirs = await holder_of(database, key), await holder_of(database, other_key)
    assert (mine.tenant_name, theirs.tenant_name) == ("acme", "rival")
    assert mine.tenant_id != theirs.tenant_id
    async with database.transaction() as session:
        second = await create_key(session, name="second", tenant="acme")
    assert (await holder_of(database, second)).tenant_id == mine.tenant_id
    assert (await holder_of(database, second)).key_id != mine.key_id
    assert await scalar(database, "select count(*) from tenants") == 2


async def test_the_secret_is_not_stored(database: Database, key: str) -> None:
    assert key.startswith("vxl_")
    assert len(key) >= 40
    rows = str(await everything(database))
    assert key not in rows
    assert key[:10] in rows, "its beginning is shown, to tell keys apart"
    assert key[:16] not in rows


_WRONG = ("", " ", "x", "vxl_", "\x00", "\ud800", "' or true --", "%", "x" * 1_000_000, "vxl_" + "A" * 43, "ключ")


async def test_a_wrong_secret_finds_no_key(database: Database, key: str) -> None:
    almost = (key.lower(), key.upper(), f"{key} ", f" {key}", key[:-1], f"{key}x")
    for secret in (*_WRONG, *almost):
        assert await find_key(database.reader, hash_secret(secret)) is None
    assert (await holder_of(database, key)).tenant_name == "acme"


async def test_a_revoked_key_is_not_found(database: Database, key: str) -> None:
    viewer = await holder_of(database, key)
    async with database.transaction() as session:
        await revoke_key(session, viewer.key_id)
    assert await find_key(database.reader, hash_secret(key)) is None
    first = await scalar(database, "select revoked_at from api_keys where id = :id", id=viewer.key_id)
    async with database.transaction() as session:
        await revoke_key(session, viewer.key_id)
    assert await scalar(database, "select revoked_at from api_keys where id = :id", id=viewer.key_id) == first


async def test_a_key_is_found_with_the_time_that_it_has_left(database: Database, key: str) -> None:
    async with database.transaction() as session:
        ends = await create_key(session, name="ends", tenant="acme", life=timedelta(hours=1))
    lasting = await find_key(database.reader, hash_secret(key))
    ending = await find_key(database.reader, hash_secret(ends))
    assert lasting is not None
    assert (lasting.seconds_left, lasting.has_expired) == (None, False)
    assert ending is not None
    assert ending.seconds_left is not None
    assert 3590 < ending.seconds_left <= 3600
    async with database.transaction() as session:
        await session.execute(text("update api_keys set expires_at = now() where name = 'ends'"))
    expired = await find_key(database.reader, hash_secret(ends))
    assert expired is not None
    assert expired.has_expired
    held = [lasting.viewer.key_id, ending.viewer.key_id, new_id()]
    assert await find_unusable(database.reader, held) == [(held[1], True), (held[2], False)]
    async with database.transaction() as session:
        await revoke_key(session, held[1])
    assert await find_key(database.reader, hash_secret(ends)) is None
    assert await find_unusable(database.reader, held) == [(held[1], False), (held[2], False)]


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(days=3651)])
async def test_a_life_that_no_key_has_is_refused(database: Database, life: timedelta) -> None:
    with pytest.raises(BadUserInput):
        async with database.transaction() as session:
            await create_key(session, name="x", life=life)
    assert await scalar(database, "select count(*) from tenants") == 0


async def test_an_unknown_key_cannot_be_revoked(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as session:
            await revoke_key(session, new_id())


async def test_a_chosen_key_is_imported_once(database: Database) -> None:
    async def adopt(secret: str = "chosen-by-me", tenant: str = "default") -> None:
        async with database.transaction() as session:
            await import_key(session, secret, name="local", tenant=tenant)

    await asyncio.gather(*(adopt() for _ in range(8)))  # as API processes that start together do
    assert await scalar(database, "select count(*) from api_keys") == 1
    viewer = await holder_of(database, "chosen-by-me")
    assert viewer.tenant_name == "default"
    with pytest.raises(BadUserInput, match="another tenant"):
        await adopt(tenant="rival")
    assert (await holder_of(database, "chosen-by-me")).tenant_name == "default"
    async with database.transaction() as session:
        await revoke_key(session, viewer.key_id)
    await adopt()
    assert await find_key(database.reader, hash_secret("chosen-by-me")) is None


_NO_HEADER = ("", "short12", " " * 20, "with a space", "tab\tin it", "schlüssel", "\udce9" * 9, "x" * 201, "eight888\n")


async def test_a_key_that_no_header_can_carry_is_refused(database: Database) -> None:
    for secret in _NO_HEADER:
        with pytest.raises(BadUserInput, match="8 to 200 characters"):
            async with database.transaction() as session:
                await import_key(session, secret, name="local")


async def test_invalid_names_are_refused(database: Database) -> None:
    for name in ("", " ", "x" * 101, "a\x00", "\ud800"):
        for given, tenant in ((name, "acme"), ("fine", name)):
            with pytest.raises(BadUserInput):
                async with database.transaction() as session:
                    await create_key(session, name=given, tenant=tenant)
    assert await scalar(database, "select count(*) from tenants") == 0


async def test_keys_are_listed_with_their_tenants(database: Database, key: str, other_key: str) -> None:
    async with database.reading() as session:
        listed = [(row.name, tenant) for row, tenant in await list_keys(session)]
        assert (await session.scalars(select(ApiKey.id).order_by(ApiKey.created_at))).all() == [
            row.id for row, _ in await list_keys(session)
        ]
    assert listed == [("test", "acme"), ("test", "rival")]


async def test_all_processes_have_the_same_server_secret(database: Database) -> None:
    async def ask(name: str) -> bytes:
        async with database.transaction() as session:
            return await server_secret(session, name)

    found = set(await asyncio.gather(*(ask(MEDIA_SECRET) for _ in range(8))))
    assert len(found) == 1
    assert len(next(iter(found))) == 32
    assert await ask("another") not in found
