import { computed } from '@preact/signals';
import { pageLanguage } from '@/state/preferences';
import { words } from '@/words';

/** The page's language as the reader's browser writes it: English in Britain has other dates than in America. */
const locale = computed(
  () => navigator.languages.find((each) => each.toLowerCase().startsWith(pageLanguage.value)) ?? pageLanguage.value,
);
const numbers = computed(() => new Intl.NumberFormat(locale.value));
const oneDigit = computed(() => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1, minimumFractionDigits: 1 }));
const moments = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }));
const exact = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'full', timeStyle: 'long' }));
const days = computed(() => new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short', timeZone: 'UTC' }));
const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }));

export const formatNumber = (value: number): string => numbers.value.format(value);

/** A time in the reader's zone. `exact`: with weekday and zone. `clock`: the time of day alone. */
export function formatTime(at: Date | string, style: 'moment' | 'exact' | 'clock' = 'moment'): string {
  const date = typeof at === 'string' ? new Date(at) : at;
  if (Number.isNaN(date.getTime())) return '';
  return { moment: moments, exact, clock }[style].value.format(date);
}

/** A day such as 2026-01-31, which belongs to no time zone. */
export const formatDay = (date: string): string => days.value.format(new Date(date));

/** Milliseconds as people read them: `84 ms`, `1.2 s`, `3:07`, `1:02:45`. */
export function formatDuration(ms: number): string {
  const { milliseconds, seconds } = words.value.common;
  if (ms < 999.5) return milliseconds(numbers.value.format(Math.max(0, Math.round(ms))));
  if (ms < 59_950) return seconds(oneDigit.value.format(ms / 1000));
  const total = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}
