import { useEffect, useRef, useState } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { Button } from '@/ui/Button';
import { Field } from '@/ui/Field';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { languageName } from '@/words/named';
import { CHANNELS, type Filters, isFiltered, NO_FILTERS, OUTCOMES, SHOWN, STATUSES } from './filters';
import { ListOptions } from './list.generated';

/** Typing asks the server once it rests. */
const REST_MS = 300;

export function FilterBar({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const text = words.value.conversations;
  const { data } = useQuery(ListOptions, {});
  const set = (changed: Partial<Filters>) => onChange({ ...filters, ...changed });
  const agents = data?.capabilities.agents.map((each) => each.name) ?? [];
  const languages = data?.capabilities.languages ?? [];
  const { channel, language, customer, from, to, forksOf } = filters;
  const hasMore = [channel, language, customer, from, to, forksOf].some((value) => value !== '');
  return (
    <search class="filters card" aria-label={text.filters}>
      <div class="filters-row">
        <Typed label={text.search} value={filters.search} onChange={(search) => set({ search })} help={text.searchHelp} />
        <Choice label={text.agent} value={filters.agent} values={agents} onChange={(agent) => set({ agent })} />
        <Choice
          label={text.outcome}
          value={filters.outcome}
          values={OUTCOMES}
          labels={text.outcomes}
          onChange={(outcome) => set({ outcome })}
        />
        <Choice
          label={text.status}
          value={filters.status}
          values={STATUSES}
          labels={text.statuses}
          onChange={(status) => set({ status })}
        />
        <Choice
          label={text.show}
          value={filters.show}
          values={SHOWN}
          labels={text.shown}
          any={text.shown.all}
          onChange={(show) => set({ show })}
        />
      </div>
      <details class="filters-more" open={hasMore}>
        <summary>{text.more}</summary>
        <div class="filters-row">
          <Typed label={text.customer} value={customer} onChange={(given) => set({ customer: given })} />
          <Choice
            label={text.channel}
            value={channel}
            values={CHANNELS}
            labels={text.channels}
            onChange={(given) => set({ channel: given })}
          />
          <Choice
            label={text.language}
            value={language}
            values={languages}
            labels={Object.fromEntries(languages.map((code) => [code, languageName(code)]))}
            onChange={(given) => set({ language: given })}
          />
          <Field label={text.from} type="date" value={from} onInput={(given) => set({ from: given })} />
          <Field label={text.to} type="date" value={to} onInput={(given) => set({ to: given })} />
        </div>
        {forksOf && <p class="filters-forks">{text.forksOf}</p>}
      </details>
      {isFiltered(filters) && (
        <Button kind="quiet" icon="close" onClick={() => onChange(NO_FILTERS)}>
          {text.clear}
        </Button>
      )}
    </search>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value | '';
  values: readonly Value[];
  labels?: Readonly<Record<Value, string>>;
  any?: string;
  onChange: (value: Value | '') => void;
}

function Choice<Value extends string>({ label, value, values, labels, any, onChange }: ChoiceProps<Value>) {
  // What the address names stays chosen, although the server does not list it (any more).
  const known = value === '' || values.includes(value) ? values : [value, ...values];
  const options = [
    { value: '' as Value | '', label: any ?? words.value.conversations.any },
    ...known.map((each) => ({ value: each, label: labels?.[each] ?? each })),
  ];
  return <Select label={label} value={value} options={options} onChange={onChange} />;
}

/** A field whose value is taken over when the typing rests. */
function Typed({ label, value, onChange, help }: { label: string; value: string; onChange: (value: string) => void; help?: string }) {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const change = useRef(onChange);
  change.current = onChange;
  useEffect(() => {
    // Changed from elsewhere: by the button that clears, or by going back.
    if (value !== sent.current) {
      sent.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      change.current(typed);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return <Field label={label} type="search" value={typed} onInput={setTyped} help={help} maxLength={200} autocomplete="off" />;
}
