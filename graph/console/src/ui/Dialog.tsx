import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '@/words';
import { Button } from './Button';

export interface DialogProps {
  heading: string;
  children: ComponentChildren;
  /** Buttons at its foot. */
  actions?: ComponentChildren;
  /** By the cross, and unless it is firm by Escape or by a click beside it. */
  onClose: () => void;
  /** What it shows is lost with it: it closes by no accident. */
  isFirm?: boolean;
}

/** A modal dialog, open while it is drawn: the focus goes into it, stays there, and returns. */
export function Dialog({ heading, children, actions, onClose, isFirm = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      const isThere = before instanceof HTMLElement && before !== document.body && before.isConnected;
      (isThere ? before : document.getElementById('main'))?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!isFirm) onClose();
      }}
      // A browser may close it without asking, when Escape is pressed twice.
      onClose={() => (isFirm ? element.current?.showModal() : onClose())}
      onMouseDown={(event) => !isFirm && event.target === element.current && onClose()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{heading}</h2>
          <Button kind="quiet" icon="close" iconOnly onClick={onClose}>
            {words.value.common.close}
          </Button>
        </header>
        {children}
        {actions && <footer class="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}
