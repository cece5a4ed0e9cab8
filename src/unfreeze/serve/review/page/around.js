/* Where one stands in the queue: its neighbours, how much is done, and which item comes next. */

const BEFORE = 2;
const NEAR = 8;

const WAS = { keep: "kept", relabel: "relabelled", exclude: "left out", skip: "skipped" };

/* Numbers of the items that are shown, in the queue's order. */
function shownItems() {
  const subject = find("subject").value;
  return [...queue.items.keys()].filter((number) => !subject || queue.items[number].subject === subject);
}

const isDecided = (number) => number in state.done && state.done[number].action !== "skip";

/* The next open item after one; those that were skipped come last. */
function nextOpen(after) {
  const shown = shownItems();
  const start = shown.findIndex((number) => number > after);
  const round = start < 0 ? shown : [...shown.slice(start), ...shown.slice(0, start)];
  return round.find((number) => !(number in state.done)) ?? round.find((number) => !isDecided(number));
}

function beside(number, step) {
  const shown = shownItems();
  return shown[shown.indexOf(number) + step];
}

function showAround(current) {
  const shown = shownItems();
  const here = shown.indexOf(current);
  const first = Math.max(0, Math.min(here - BEFORE, shown.length - NEAR));
  const near = shown.slice(first, first + NEAR);
  find("around").replaceChildren(...near.map((number) => neighbourOf(number, number === current)));
}

function neighbourOf(number, isCurrent) {
  const picture = queue.items[number].pictures[0];
  const image = made("img");
  image.src = pictureOf(picture.row, true);
  image.alt = "";
  const was = WAS[state.done[number]?.action];
  const text = made("span", { kind: was ? "was" : "", text: `${shortened(namesOf(picture.labels))}${was ? `: ${was}` : ""}` });
  const button = made("button", { children: [image, text] });
  button.type = "button";
  if (isCurrent) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => goTo(number));
  return made("li", { children: [button] });
}

function showProgress() {
  const shown = shownItems();
  const decided = shown.filter(isDecided).length;
  find("done").style.width = `${shown.length ? (100 * decided) / shown.length : 100}%`;
  const skipped = shown.filter((number) => state.done[number]?.action === "skip").length;
  find("progress").textContent = `${decided} of ${shown.length} decided${skipped ? `, ${skipped} skipped` : ""}`;
  find("undo").disabled = !state.undoable;
  for (const option of find("subject").options) option.textContent = subjectInWords(option.value);
}

function subjectInWords(subject) {
  const items = [...queue.items.entries()].filter(([, item]) => !subject || item.subject === subject);
  const open = items.filter(([number]) => !isDecided(number)).length;
  const title = queue.subjects.find((each) => each.subject === subject)?.title ?? "Everything";
  return `${title} (${open} of ${items.length} open)`;
}
