"""The check on the types of events before and after revision 0012, which adds the event of a changed CRM record."""

from __future__ import annotations

from migrations.live_call_constraints import CALL_EVENTS, EVENTS, among

UPDATED = "CrmRecordUpdated"
BEFORE = among("type", (*EVENTS, *CALL_EVENTS))
AFTER = among("type", (*EVENTS, *CALL_EVENTS, UPDATED))
