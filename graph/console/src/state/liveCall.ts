import { signal } from '@preact/signals';

/** Whether a call is going on in this tab, also while another view is shown. */
export const isCallLive = signal(false);
