"""Names of the built-in tools, which no scenario may have, and of the servers that have them."""

from __future__ import annotations

#: The built-in MCP server of the CRM. A definition may name it to limit its tools, or to have them confirmed.
CRM_SERVER = "crm"

#: Finds the records that were filed for the customer.
FIND_CRM_RECORDS = "find_crm_records"

#: Changes a record that was filed for the customer.
UPDATE_CRM_RECORD = "update_crm_record"

#: Finds passages of the agent's knowledge.
SEARCH_KNOWLEDGE = "search_knowledge"

#: The name under which searches of knowledge are on record.
KNOWLEDGE_SERVER = "knowledge"

#: Servers of VoxLoom itself: their tools touch nothing outside its database.
BUILT_IN_SERVERS = frozenset({CRM_SERVER, KNOWLEDGE_SERVER})

BUILT_IN_TOOLS = frozenset({FIND_CRM_RECORDS, UPDATE_CRM_RECORD, SEARCH_KNOWLEDGE})

#: Separates an external server's name from its tool's: ``server__tool``.
SEPARATOR = "__"

#: In a server's ``confirm``: every tool that the server does not declare read-only or idempotent.
ALL_UNSAFE = "*"
