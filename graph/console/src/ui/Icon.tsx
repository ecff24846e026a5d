/** Line icons on a grid of 24, drawn with the colour of the text. They say nothing to a screen reader. */
const PATHS = {
  talk: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM6 11a6 6 0 0 0 12 0M12 17v4',
  conversations: 'M4 6.5A2.5 2.5 0 0 1 6.5 4h8A2.5 2.5 0 0 1 17 6.500v4a2.5 2.5 0 0 1-2.5 2.500H9l-4 3.200V13M20 9.500v9.700L16.5 16.500H11',
  agents: 'M12 4v3M7 7h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3ZM9 12v2M15 12v2',
  overview: 'M4 20h16M6 16v-4M11 16V5M16 16V9M20 4l-4 5',
  keys: 'M3.5 16a4.5 4.5 0 1 0 9 0 4.5 4.5 0 1 0-9 0ZM11.2 12.800 20.500 3.500M16.3 7.700l3 3M13.6 10.400l2 2',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4',
  out: 'M14 4H6.500A1.5 1.5 0 0 0 5 5.500v13A1.5 1.5 0 0 0 6.5 20H14M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.3 15.3 20 20',
  copy: 'M9 9h10v11H9ZM15 9V4H5v11h4',
  check: 'M5 12.5 10 17.5 19 7',
  alert: 'M12 4 21 19.500H3ZM12 10v4.500M12 17.200h.01',
  stop: 'M7 7h10v10H7Z',
  play: 'M8 5.500v13l10-6.500Z',
  pause: 'M8.5 6v12M15.5 6v12',
  hangUp: 'M3.5 14.500c4.8-4.6 12.2-4.6 17 0l-2 2.8-4-1.500v-2.300a9 9 0 0 0-5 0v2.300l-4 1.500Z',
  send: 'M4 12 20 4l-5 16-3.5-6.500ZM11.5 13.5 20 4',
  tool: 'M14.5 6.500a4 4 0 0 0 5 5L12 19a2.5 2.5 0 0 1-4-4l7.5-7.500M14.5 6.5 17 4',
  record: 'M6 4h9l4 4v12H6ZM14 4v5h5M9 13h7M9 16.500h7',
  external: 'M13 5h6v6M19 5l-9 9M10 6H5v13h13v-5',
  down: 'M6 9.500l6 6 6-6',
  back: 'M14.5 6l-6 6 6 6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
