import { Icon } from '@/ui/Icon';
import { PlainText } from '@/ui/PlainText';
import { words } from '@/words';
import { fieldName, named } from '@/words/named';
import type { CrmRecord } from './conversation';

/** A filed CRM record: what the customer gets as reference, and what was filed. */
export function RecordCard({ record, isUpdate = false }: { record: CrmRecord; isUpdate?: boolean }) {
  const { talk: text, terms } = words.value;
  const details = Object.entries((record.details ?? {}) as Record<string, unknown>);
  const facts: [string, string | null][] = [
    ['name', record.name],
    ['phone', record.phone],
    ['account_id', record.accountId],
    ...details.map(([name, value]): [string, string | null] => [name, shown(value)]),
  ];
  return (
    <div class="record">
      <p class="record-head">
        <Icon name="record" />
        <strong>{record.reference}</strong>
        <span title={record.intent}>{named(record.intent)}</span>
        <span class="record-scenario" title={record.scenario}>
          {named(record.scenario)}
        </span>
        {isUpdate && <span class="record-scenario">{text.updated}</span>}
      </p>
      <dl class="facts">
        <div>
          <dt>{fieldName('priority')}</dt>
          <dd title={record.priority}>{terms.priorities[record.priority]}</dd>
        </div>
        {facts
          .filter(([, value]) => value !== null && value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt title={name}>{fieldName(name)}</dt>
              <dd>
                <PlainText text={value ?? ''} />
              </dd>
            </div>
          ))}
      </dl>
    </div>
  );
}

function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
