/* Puts the page together: goes through the queue, by mouse and by key. */

let queue = null;
let state = null;
let busy = false;
const place = { item: null, meant: 0 };

const current = () => (place.item === null ? null : queue.items[place.item]);

function tell(text) {
  find("status").textContent = text;
}

function goTo(number) {
  place.item = number ?? null;
  place.meant = number === undefined ? 0 : (state.done[number]?.picture ?? 0);
  if (current()) beginChoice(current(), place.meant);
  show();
}

function show() {
  const item = current();
  find("item").hidden = !item;
  if (item) {
    showItem(item, { meant: place.meant, state: state.done[place.item] });
    showClasses(item, place.meant);
    showAround(place.item);
  }
  showProgress();
  showChanges();
}

function mean(number) {
  place.meant = number;
  beginChoice(current(), number);
  show();
}

function goOn(from) {
  const next = nextOpen(from);
  if (next === undefined) {
    const last = shownItems().at(-1);
    goTo(from >= 0 ? from : last);
    tell(shownItems().length ? "Everything shown is decided. Retrain the head to see what it changes." : "There is nothing to look at.");
  } else goTo(next);
}

/* Sends a change; decisions are made one after the other, and each on what the page shows. */
async function change(path, body) {
  if (busy) return null;
  busy = true;
  try {
    state = await ask(path, { ...body, version: state.version });
    tell("");
    return state;
  } catch (error) {
    if (error.kind === "decided-elsewhere") {
      state = await ask("state").catch(() => state);
      show();
    }
    tell(`${error.message}.`);
    return null;
  } finally {
    busy = false;
  }
}

async function decide(action, labels = []) {
  const from = place.item;
  if (from === null) return;
  if (await change("decide", { item: from, picture: place.meant, action, labels })) goOn(from);
}

const relabel = (labels) => decide("relabel", labels);

async function undo() {
  const undone = await change("undo", {});
  if (undone) goTo(undone.undone ?? place.item ?? undefined);
}

const COMMANDS = {
  k: () => decide("keep"),
  x: () => decide("exclude"),
  s: () => decide("skip"),
  u: undo,
  r: () => current()?.suggested.length && relabel(current().suggested),
  o: () => current()?.pictures.length > 1 && mean(1 - place.meant),
  "/": () => find("filter-line").hidden || find("filter").focus(),
  "?": () => find("keys").showModal(),
  ArrowLeft: () => goBeside(-1),
  ArrowRight: () => goBeside(1),
  Enter: () => queue.several && relabel([...chosen]),
};

function goBeside(step) {
  const next = current() && beside(place.item, step);
  if (next !== undefined && next !== null) goTo(next);
}

function onKey(event) {
  if (!queue || find("keys").open || event.defaultPrevented) return;
  const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey);
  if (event.target.matches("input, select, textarea") || (!isUndo && (event.ctrlKey || event.metaKey || event.altKey))) return;
  const digit = /^[1-9]$/.test(event.key) && current();
  const onButton = event.key === "Enter" && event.target.matches("button, [tabindex]");
  const command = isUndo ? undo : digit ? () => choose(offered[event.key - 1]) : COMMANDS[event.key];
  if (!command || onButton || event.repeat) return;
  event.preventDefault();
  command();
}

function onFilterKey(event) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  if (event.key === "Enter" && offered.length) choose(offered[0]);
  find("filter").blur();
}

function listen() {
  for (const action of ["keep", "exclude", "skip"]) find(action).addEventListener("click", () => decide(action));
  find("undo").addEventListener("click", undo);
  find("help").addEventListener("click", COMMANDS["?"]);
  find("give").addEventListener("click", () => relabel([...chosen]));
  find("retrain").addEventListener("click", retrain);
  find("copy").addEventListener("click", copyCommand);
  find("filter").addEventListener("input", () => showClasses(current(), place.meant));
  find("filter").addEventListener("keydown", onFilterKey);
  find("subject").addEventListener("change", () => {
    goOn(-1);
    find("subject").blur();
  });
  addEventListener("keydown", onKey);
}

async function start() {
  try {
    [queue, state] = await Promise.all([ask("queue"), ask("state")]);
  } catch (error) {
    find("about").textContent = `No queue: ${error.message}.`;
    return;
  }
  document.title = find("title").textContent = `Review of ${queue.name}`;
  find("about").textContent = `The run ${queue.run}. ${queue.source}`;
  find("file").textContent = queue.corrections;
  const subjects = queue.subjects.filter(({ subject }) => queue.items.some((item) => item.subject === subject));
  find("subject").replaceChildren(...["", ...subjects.map(({ subject }) => subject)].map((subject) => new Option("", subject)));
  listen();
  goOn(state.last ?? -1);
}

start();
