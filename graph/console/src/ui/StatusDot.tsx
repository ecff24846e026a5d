export type Tone = 'good' | 'busy' | 'bad' | 'quiet' | 'caller' | 'assistant';

/** A state as a dot of colour with its word: colour alone says nothing. `isLive`: it pulses. */
export function StatusDot({ tone, children, isLive = false }: { tone: Tone; children: string; isLive?: boolean }) {
  return (
    <span class={`status status-${tone}`} data-live={isLive || undefined}>
      <span class="status-dot" aria-hidden="true" />
      {children}
    </span>
  );
}
