import { session } from '@/state/session';

/** A text that was changed and not published. `base`: the number of the version that it was made from, 0 for none. */
export interface Edit {
  text: string;
  base: number;
  /** Whether the editor has it already, as it was typed there. */
  isTyped?: boolean;
}

// Of this page: what was changed is still there after a try in Talk.
const edits = new Map<string, Edit>();

const keyOf = (name: string): string => `${session.peek()?.tenant ?? ''}/${name}`;

export const editOf = (name: string): Edit | undefined => edits.get(keyOf(name));

export function keepEdit(name: string, edit: Edit): void {
  edits.set(keyOf(name), edit);
}

export function dropEdit(name: string): void {
  edits.delete(keyOf(name));
}

// A page that is closed or loaded again would lose them.
addEventListener('beforeunload', (event) => {
  if (edits.size > 0 && session.peek() !== undefined) event.preventDefault();
});
