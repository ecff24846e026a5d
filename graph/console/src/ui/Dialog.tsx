import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '@/words';
import { Button } from './Button';

export interface DialogProps {
  heading: string;
  children: ComponentChildren;
  /** Buttons at its foot. */
  actions?: ComponentChildren;
  /** By Escape, by the cross, or by a click beside it. */
  onClose: () => void;
}

/** A modal dialog, open while it is drawn: the focus goes into it, stays there, and returns. */
export function Dialog({ heading, children, actions, onClose }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === element.current && onClose()}
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
