import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { classes } from './classes';

/** What a label and its control share. */
export interface LabelledProps {
  label: string;
  /** A sentence below the control. */
  help?: ComponentChildren;
  /** Why the value cannot be taken; read out when it appears. */
  error?: string | undefined;
}

export interface FieldProps extends LabelledProps {
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'number' | 'date' | 'datetime-local';
  placeholder?: string;
  autocomplete?: string;
  spellcheck?: boolean;
  required?: boolean;
  disabled?: boolean;
  maxLength?: number;
}

/** A line of text with its label. */
export function Field({ label, help, error, value, onInput, ...rest }: FieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} help={help} error={error}>
      <input
        {...(rest as InputHTMLAttributes)}
        id={id}
        class="control"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={`${id}-about`}
      />
    </Labelled>
  );
}

/** A label, its control (with this `id`, described by `id`-about), help and error. */
export function Labelled({ id, label, help, error, children }: LabelledProps & { id: string; children: ComponentChildren }) {
  return (
    <div class={classes('field', error && 'field-wrong')}>
      <label for={id}>{label}</label>
      {children}
      <div id={`${id}-about`} class="field-about">
        <span role="alert" class="field-error">
          {error}
        </span>
        {help && <span class="field-help">{help}</span>}
      </div>
    </div>
  );
}
