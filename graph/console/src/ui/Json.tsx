const SHOWN = 4_000;

/** A value as JSON, of which the beginning is shown. */
export function Json({ label, value }: { label: string; value: unknown }) {
  const written = JSON.stringify(value, null, 2);
  return (
    <figure class="json">
      <figcaption>{label}</figcaption>
      <pre tabIndex={0} aria-label={label}>
        {written.length > SHOWN ? `${written.slice(0, SHOWN)} …` : written}
      </pre>
    </figure>
  );
}
