import { signal } from '@preact/signals';
import { request } from '@/api/client';
import { type ApiError, asApiError } from '@/api/errors';
import { type DetailFragment, TurnDetails } from './conversation.generated';

export interface Details {
  /** Which state of the turn they were read for. */
  revision: number;
  detail: DetailFragment | undefined;
  error: ApiError | undefined;
}

/** What was done in each turn, read when somebody looks at it, and again when the turn has changed. */
export class DetailStore {
  readonly all = signal<ReadonlyMap<string, Details>>(new Map());
  #controller = new AbortController();

  load(id: string, revision: number, { again = false } = {}): void {
    const known = this.all.peek().get(id);
    if (known !== undefined && known.revision >= revision && !again) return;
    this.#set(id, { revision, detail: known?.detail, error: undefined });
    request(TurnDetails, { id }, { signal: this.#controller.signal }).then(
      ({ turn }) => this.#answered(id, { revision, detail: turn ?? undefined, error: undefined }),
      (error: unknown) => {
        if (this.#controller.signal.aborted) return;
        this.#answered(id, { revision, detail: known?.detail, error: asApiError(error) });
      },
    );
  }

  close(): void {
    this.#controller.abort();
  }

  /** An answer that was overtaken by that for a newer state changes nothing. */
  #answered(id: string, details: Details): void {
    if ((this.all.peek().get(id)?.revision ?? 0) <= details.revision) this.#set(id, details);
  }

  #set(id: string, details: Details): void {
    this.all.value = new Map(this.all.peek()).set(id, details);
  }
}
