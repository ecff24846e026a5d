import type { ComponentChildren } from 'preact';
import { pathTo } from '@/state/router';
import { Duration } from '@/ui/Duration';
import { formatNumber } from '@/ui/format';
import { Json } from '@/ui/Json';
import { Link } from '@/ui/Link';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import { languageName } from '@/words/named';
import { addressOf, NO_FILTERS } from './filters';
import type { Head } from './store';

/** Whose conversation it is, with which agent, and how it was carried. */
export function FactsPanel({ head }: { head: Head }) {
  const { conversations: text, terms } = words.value;
  const version = head.agentVersion;
  return (
    <div class="work panel" tabIndex={0} role="region" aria-label={text.facts}>
      <dl class="facts">
        <Fact label={text.customer}>
          <Link to={addressOf({ ...NO_FILTERS, customer: head.customerId })}>
            <bdi>{head.customerId}</bdi>
          </Link>
        </Fact>
        <Fact label={text.agent}>
          <Link to={pathTo('agents', head.persona)}>{head.persona}</Link>
          {version && `, ${text.version(formatNumber(version.number))}`}
        </Fact>
        <Fact label={text.status}>{text.statuses[head.status]}</Fact>
        <Fact label={text.channel}>{text.channels[head.channel]}</Fact>
        <Fact label={text.language}>
          <span title={head.language}>{languageName(head.language)}</span>
        </Fact>
        <Fact label={text.begun}>
          <Time at={head.createdAt} />
        </Fact>
        {head.endedAt && (
          <Fact label={text.ended}>
            <Time at={head.endedAt} />
          </Fact>
        )}
        <Fact label={text.duration}>
          <Duration ms={head.durationMs} />
        </Fact>
      </dl>
      <p class="panel-links">
        {head.forkedFrom && <Link to={pathTo('conversations', head.forkedFrom)}>{text.forkedFrom}</Link>}
        <Link to={addressOf({ ...NO_FILTERS, forksOf: head.id })}>{text.forks}</Link>
      </p>
      {head.calls.length > 0 && (
        <section class="panel-part">
          <h3>{text.calls}</h3>
          {head.calls.map((call) => (
            <p key={call.id} class="call-line">
              <span>{text.callOf(terms.transports[call.transport])}</span>
              <Time at={call.connectedAt ?? call.openedAt} />
              <Duration ms={call.elapsedMs} />
              {call.drops > 0 && <span>{text.drops(formatNumber(call.drops))}</span>}
              {call.endReason && <span>{text.endReasons[call.endReason] ?? call.endReason}</span>}
            </p>
          ))}
        </section>
      )}
      {head.engines !== null && <Json label={text.engines} value={head.engines} />}
      {head.metadata !== null && <Json label={text.metadata} value={head.metadata} />}
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
