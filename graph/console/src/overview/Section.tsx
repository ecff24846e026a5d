import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A part of the overview: its heading and what it shows, in a card. */
export function Section({ heading, children }: { heading: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card overview-section" aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      {children}
    </section>
  );
}
