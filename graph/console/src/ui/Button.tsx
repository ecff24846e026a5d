import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { classes } from './classes';
import { Icon, type IconName } from './Icon';

export interface ButtonProps extends Omit<ButtonHTMLAttributes, 'icon' | 'class'> {
  children: ComponentChildren;
  /** `primary`: what the view is for, once a view. `quiet`: without a border. `danger`: what cannot be undone. */
  kind?: 'primary' | 'normal' | 'quiet' | 'danger';
  icon?: IconName;
  /** Shows the icon alone; `children` remain the accessible name and the tooltip. */
  iconOnly?: boolean;
  /** Says that it works on it, and takes no other click. */
  isBusy?: boolean;
}

export function Button({ children, kind = 'normal', icon, iconOnly, isBusy, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      class={classes('button', `button-${kind}`, iconOnly && 'button-icon')}
      aria-busy={isBusy ? 'true' : undefined}
      disabled={rest.disabled || isBusy}
      title={iconOnly && typeof children === 'string' ? children : rest.title}
    >
      {icon && <Icon name={icon} />}
      <span class={iconOnly ? 'visually-hidden' : 'button-words'}>{children}</span>
    </button>
  );
}
