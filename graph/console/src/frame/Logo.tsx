/** The mark: the voices of caller and assistant, woven. */
export function Logo() {
  return (
    <span class="logo">
      <svg viewBox="3 4 26 24" aria-hidden="true" focusable="false">
        <path class="logo-caller" d="M7 13v6M13 8v7M19 17v7M25 13v6" />
        <path class="logo-assistant" d="M13 20v4M19 8v4M5 16h3.4M10.6 17.5h4.8M16.6 14.5h4.8M23.6 16H27" />
      </svg>
      <span class="logo-name">VoxLoom</span>
    </span>
  );
}
