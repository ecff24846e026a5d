import { pathTo } from '@/state/router';
import type { Channel, SessionFilter, SessionOutcome, SessionStatus } from './list.generated';

/** What the list shows, as it stands in the address; an empty string is no condition. */
export interface Filters {
  search: string;
  agent: string;
  outcome: SessionOutcome | '';
  status: SessionStatus | '';
  /** Conversations that evals made are shown by `evals` alone. */
  show: '' | 'failed' | 'live' | 'evals';
  channel: Channel | '';
  language: string;
  customer: string;
  /** Days of the reader's calendar, YYYY-MM-DD, both inclusive. */
  from: string;
  to: string;
  /** The session of which only forks are shown. */
  forksOf: string;
}

export const NO_FILTERS: Filters = {
  search: '',
  agent: '',
  outcome: '',
  status: '',
  show: '',
  channel: '',
  language: '',
  customer: '',
  from: '',
  to: '',
  forksOf: '',
};

export const OUTCOMES = ['IN_PROGRESS', 'HANDED_OVER', 'FILED', 'FAILED', 'NOTHING_FILED'] as const;
export const STATUSES = ['OPEN', 'ENDED'] as const;
export const CHANNELS = ['WEB', 'PHONE', 'CHAT', 'API'] as const;
export const SHOWN = ['failed', 'live', 'evals'] as const;

const NAMES = Object.keys(NO_FILTERS) as (keyof Filters)[];
const LONGEST = 200;

/** One of the values, or none: an address may hold anything. */
const oneOf = <Value extends string>(value: string, values: readonly Value[]): Value | '' =>
  values.find((each) => each === value) ?? '';

export function filtersOf(query: URLSearchParams): Filters {
  const text = (name: keyof Filters) => (query.get(name) ?? '').slice(0, LONGEST);
  return {
    search: text('search'),
    agent: text('agent'),
    outcome: oneOf(text('outcome'), OUTCOMES),
    status: oneOf(text('status'), STATUSES),
    show: oneOf(text('show'), SHOWN),
    channel: oneOf(text('channel'), CHANNELS),
    language: text('language'),
    customer: text('customer'),
    from: dayOf(text('from')),
    to: dayOf(text('to')),
    forksOf: text('forksOf'),
  };
}

export const addressOf = (filters: Filters): string => pathTo('conversations', undefined, { ...filters });

export const isFiltered = (filters: Filters): boolean => NAMES.some((name) => filters[name] !== '');

/** The conditions of the API; a day begins and ends in the reader's zone. */
export function conditionsOf(filters: Filters): SessionFilter {
  const { search, agent, outcome, status, show, channel, language, customer, from, to, forksOf } = filters;
  return {
    search: search.trim() || null,
    agent: agent || null,
    outcome: outcome || null,
    status: status || null,
    failed: show === 'failed' ? true : null,
    liveNow: show === 'live' ? true : null,
    evals: show === 'evals',
    channel: channel || null,
    language: language || null,
    customerId: customer.trim() || null,
    createdAfter: from ? startOf(from, 0) : null,
    createdBefore: to ? startOf(to, 1) : null,
    forkedFrom: forksOf || null,
  };
}

function dayOf(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(new Date(`${text}T00:00`).getTime()) ? text : '';
}

/** Midnight at the beginning of a day, or of a later one; daylight saving makes days of 23 and 25 hours. */
function startOf(day: string, later: number): string {
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + later);
  return date.toISOString();
}
