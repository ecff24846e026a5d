// One statement for all rows of a kind that a request asks for in one tick (dataloader).
import DataLoader from "dataloader";

const COLUMNS = {
  sessions:
    'id, customer_id "customerId", language, channel, persona, status, metadata, created_at "createdAt", last_seq "lastSeq"',
  turns: 'id, session_id "sessionId", number, status, attempt, queued_at "queuedAt", finished_at "finishedAt"',
  messages:
    'id, session_id "sessionId", turn_id "turnId", audio_id "audioId", role, type, text, language, complete, created_at "createdAt"',
  audio: 'id, mime_type "mimeType", duration_ms "durationMs", sample_rate "sampleRate", size_bytes "sizeBytes"',
  model_calls:
    'id, turn_id "turnId", stage, engine, model, status, attempt, started_at "startedAt", wait_ms "waitMs", duration_ms "durationMs", first_output_ms "firstOutputMs", input_tokens "inputTokens", output_tokens "outputTokens", input_audio_ms "inputAudioMs", output_audio_ms "outputAudioMs"',
  tool_calls:
    'id, turn_id "turnId", name, server, arguments, result, status, duration_ms "durationMs", created_at "createdAt"',
  crm_records:
    'id, session_id "sessionId", scenario, reference, customer_id "customerId", name, phone, account_id "accountId", query, intent, priority, status, details, created_at "createdAt"',
};

// A statement with a name is prepared once a connection.
function read(pool, table, column, ids) {
  return pool.query({
    name: `${table}_by_${column}`,
    text: `select ${COLUMNS[table]} from ${table} where ${column} = any($1::uuid[]) order by id`,
    values: [ids],
  });
}

function one(pool, table) {
  return new DataLoader(async (ids) => {
    const { rows } = await read(pool, table, "id", ids);
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

function many(pool, table, column, key) {
  return new DataLoader(async (ids) => {
    const { rows } = await read(pool, table, column, ids);
    const groups = new Map(ids.map((id) => [id, []]));
    for (const row of rows) groups.get(row[key]).push(row);
    return ids.map((id) => groups.get(id));
  });
}

export function loaders(pool) {
  return {
    session: one(pool, "sessions"),
    audio: one(pool, "audio"),
    turnsOfSession: many(pool, "turns", "session_id", "sessionId"),
    messagesOfSession: many(pool, "messages", "session_id", "sessionId"),
    crmRecordsOfSession: many(pool, "crm_records", "session_id", "sessionId"),
    messagesOfTurn: many(pool, "messages", "turn_id", "turnId"),
    modelCallsOfTurn: many(pool, "model_calls", "turn_id", "turnId"),
    toolCallsOfTurn: many(pool, "tool_calls", "turn_id", "turnId"),
  };
}
