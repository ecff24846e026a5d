import { useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { useQuery } from '@/api/useQuery';
import { navigate, pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Field } from '@/ui/Field';
import { formatNumber } from '@/ui/format';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { ForkOptions, RunAgain } from './conversation.generated';
import type { Head } from './store';

const STAGES = ['ASR', 'LLM', 'TTS'] as const;
const MOST_KEPT = 200;

/** Runs a conversation again from one of its turns on, with another version of the agent or other engines. */
export function ForkDialog({ head, total, onClose }: { head: Head; total: number; onClose: () => void }) {
  const text = words.value.conversations;
  const { data, error: optionsError, reload } = useQuery(ForkOptions, { agent: head.persona });
  const [afterTurn, setAfterTurn] = useState('0');
  const [version, setVersion] = useState('');
  const [engines, setEngines] = useState({ ASR: '', LLM: '', TTS: '' });
  const [isExternal, setExternal] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  // A click that is sent twice makes one fork.
  const key = useRef(crypto.randomUUID());
  const last = Math.min(total, MOST_KEPT);
  const kept = /^\d+$/.test(afterTurn.trim()) ? Number(afterTurn) : Number.NaN;
  const isWrong = !(kept <= last);
  const changed = <Value,>(set: (value: Value) => void) => (value: Value) => {
    key.current = crypto.randomUUID();
    set(value);
  };
  const chosen = (stage: (typeof STAGES)[number]) => (engines[stage] === '' ? null : [engines[stage]]);
  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const hasEngines = STAGES.some((stage) => engines[stage] !== '');
      const { forkSession } = await request(RunAgain, {
        input: {
          sessionId: head.id,
          afterTurn: kept,
          agentVersion: version === '' ? null : Number(version),
          engines: hasEngines ? { asr: chosen('ASR'), llm: chosen('LLM'), tts: chosen('TTS') } : null,
          externalTools: isExternal,
          idempotencyKey: key.current,
        },
      });
      if (forkSession === null) throw new ApiError('BAD_RESPONSE', 'No session.');
      onClose();
      navigate(pathTo('conversations', forkSession.session.id));
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const versions = data?.agent?.versions.nodes ?? [];
  const enginesOf = (stage: string) => [
    ...new Set(data?.capabilities.engines.filter((each) => each.stage === stage).map((each) => each.engine)),
  ];
  return (
    <Dialog
      heading={text.runAgain}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words.value.common.cancel}</Button>
          <Button kind="primary" isBusy={isBusy} disabled={isWrong} onClick={() => void start()}>
            {text.start}
          </Button>
        </>
      }
    >
      <p class="dialog-help">{text.runAgainHelp}</p>
      {optionsError && <ErrorNotice error={optionsError} onRetry={reload} />}
      <Field
        label={text.afterTurn}
        type="number"
        value={afterTurn}
        onInput={changed(setAfterTurn)}
        help={text.afterTurnHelp(formatNumber(total))}
        error={isWrong ? text.wrongTurn(formatNumber(last)) : undefined}
      />
      <Select
        label={text.agentVersion}
        value={version}
        onChange={changed(setVersion)}
        options={[
          { value: '', label: text.sameVersion },
          ...versions.map(({ number }) => ({ value: String(number), label: text.version(formatNumber(number)) })),
        ]}
      />
      <div class="fork-engines">
        {STAGES.map((stage) => (
          <Select
            key={stage}
            label={text.engineOf[stage]}
            value={engines[stage]}
            onChange={changed((engine: string) => setEngines({ ...engines, [stage]: engine }))}
            options={[
              { value: '', label: text.sameEngine },
              ...enginesOf(stage).map((engine) => ({ value: engine, label: engine })),
            ]}
          />
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isExternal}
          onChange={(event) => changed(setExternal)(event.currentTarget.checked)}
        />
        {text.externalTools}
      </label>
      {error && <ErrorNotice error={error} />}
    </Dialog>
  );
}
