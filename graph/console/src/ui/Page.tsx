import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

export interface PageProps {
  heading: string;
  /** Beside the heading: what can be done in the whole view. */
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A view: its heading, which is also the document's title, and what it holds. */
export function Page({ heading, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${heading} – VoxLoom`;
  }, [heading]);
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>{heading}</h1>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}
