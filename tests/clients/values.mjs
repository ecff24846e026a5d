// What is handed to callbacks, as an async iterable.
export async function* values(start) {
  const ready = [];
  let wake = () => {};
  let over = false;
  let fault;
  start(
    (value) => (ready.push(value), wake()),
    (error) => ((fault = error), (over = true), wake()),
    () => ((over = true), wake()),
  );
  for (;;) {
    while (ready.length) yield ready.shift();
    if (fault) throw fault;
    if (over) return;
    await new Promise((resolve) => (wake = resolve));
  }
}
