"""GraphQL mutations of API keys, limited to the viewer's tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from db.commands import tenant_keys
from db.ids import parse_id
from graph.api.context import Info
from graph.api.descriptions import described
from graph.api.types.api_key import ApiKey, show_key


@strawberry.input(description="A new API key.")
class CreateApiKeyInput:
    name: Annotated[str, described("Its name, 1 to 100 characters.")]
    expires_at: datetime | None = strawberry.field(
        description="When it expires, at most ten years from now; null for never.", default=None
    )


@strawberry.input(description="The API key to revoke.")
class RevokeApiKeyInput:
    id: Annotated[strawberry.ID, described("Its id.")]


@strawberry.type(description="Result of createApiKey.")
class CreateApiKeyPayload:
    api_key: Annotated[ApiKey, described("The new key.")]
    secret: Annotated[str, described("The key itself, to be sent as Authorization: Bearer. It is not shown again.")]


@strawberry.type(description="Result of revokeApiKey.")
class RevokeApiKeyPayload:
    api_key: Annotated[ApiKey, described("The key, revoked.")]
    signed_out: Annotated[
        bool, described("Whether it is the key of this request, which is refused from the next request on.")
    ]


@strawberry.type
class KeyMutations:
    """A part of ``graph.api.mutations.Mutation``."""

    @strawberry.mutation(
        description="Creates an API key of the tenant. It may do all that this request's key may. A tenant has at most"
        f" {tenant_keys.MAX_KEYS} keys that can be used (CONFLICT)."
    )
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        row, secret = await info.context.parts.database.run(
            lambda session: tenant_keys.create_tenant_key(session, viewer, name=input.name, expires_at=input.expires_at)
        )
        info.context.keep_out_of_caches()
        return CreateApiKeyPayload(api_key=show_key(row, viewer), secret=secret)

    @strawberry.mutation(
        description="Revokes an API key of the tenant permanently, also the one in use; what is open with it ends."
        " Idempotent."
    )
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> RevokeApiKeyPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        key_id = parse_id(input.id, "key")
        row = await info.context.parts.database.run(
            lambda session: tenant_keys.revoke_tenant_key(session, viewer, key_id=key_id)
        )
        return RevokeApiKeyPayload(api_key=show_key(row, viewer), signed_out=row.id == viewer.key_id)
