import { useId, useState } from 'preact/hooks';
import { Button } from '@/ui/Button';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { choice } from './choice';
import { call, conversation, interrupt, opening, say, unfinished } from './store';

/** From this part of the longest message on, its length is told. */
const NEAR = 0.9;

/** As the API counts: one outside the Basic Multilingual Plane, such as an emoji, is one. */
function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** A line to write in: a turn of the call that goes on, else a message. Enter sends, Shift with Enter breaks the line. */
export function Composer({ maxLength, canWrite }: { maxLength: number; canWrite: boolean }) {
  const text = words.value.talk;
  const id = useId();
  const [draft, setDraft] = useState('');
  const length = charactersOf(draft);
  const isTooLong = length > maxLength;
  const isOver = conversation.value.isEnded;
  const canSend = canWrite && !isOver && draft.trim() !== '' && !isTooLong && opening.value === undefined;
  const send = async () => {
    if (!canSend) return;
    const said = draft;
    setDraft('');
    // What was not taken comes back, unless the person has begun something new.
    if (!(await say(said, choice.value))) setDraft((now) => (now === '' ? said : now));
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="visually-hidden" for={id}>
        {text.write}
      </label>
      <textarea
        id={id}
        class="control"
        dir="auto"
        rows={1}
        value={draft}
        placeholder={call.value === undefined ? text.write : text.writeHere}
        disabled={!canWrite || isOver}
        aria-invalid={isTooLong || undefined}
        aria-describedby={`${id}-limit`}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      {call.value === undefined && unfinished.value !== undefined ? (
        <Button icon="stop" onClick={() => void interrupt()}>
          {text.interrupt}
        </Button>
      ) : (
        <Button type="submit" icon="send" disabled={!canSend} isBusy={opening.value === 'text'}>
          {text.send}
        </Button>
      )}
      <p id={`${id}-limit`} class={isTooLong ? 'field-error' : 'field-help'}>
        {!isTooLong && length > maxLength * NEAR && text.length(formatNumber(length), formatNumber(maxLength))}
        <span role="alert">{isTooLong && text.tooLong(formatNumber(maxLength), formatNumber(length))}</span>
      </p>
    </form>
  );
}
