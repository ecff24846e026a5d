import { useId } from 'preact/hooks';
import { Labelled, type LabelledProps } from './Field';

export interface SelectProps<Value extends string> extends LabelledProps {
  value: Value;
  options: readonly { value: Value; label: string; isDisabled?: boolean }[];
  onChange: (value: Value) => void;
  disabled?: boolean;
}

/** One of several values, in the browser's own list. */
export function Select<Value extends string>({ value, options, onChange, disabled, ...about }: SelectProps<Value>) {
  const id = useId();
  return (
    <Labelled id={id} {...about}>
      <select
        id={id}
        class="control"
        value={value}
        disabled={disabled ?? false}
        aria-describedby={`${id}-about`}
        onChange={(event) => onChange(event.currentTarget.value as Value)}
      >
        {options.map((each) => (
          <option key={each.value} value={each.value} disabled={each.isDisabled ?? false}>
            {each.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}
