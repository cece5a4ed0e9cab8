/* The classes that a picture can be given, with their keys; where there are many, the likely ones come first. */

const KEYS = 9;
const SHOWN = 30;

let offered = [];
const chosen = new Set();

function showClasses(item, meant) {
  const picture = item.pictures[meant];
  const many = queue.classes.length > KEYS;
  const looked = find("filter").value.trim().toLowerCase();
  const all = many ? likelyFirst(item, picture) : queue.classes.map((_, label) => label);
  const fitting = all.filter((label) => queue.classes[label].toLowerCase().includes(looked));
  offered = fitting.slice(0, SHOWN);
  const which = item.pictures.length > 1 ? "The marked one" : "It";
  find("classes-title").textContent = queue.several ? `${which} has the labels` : `${which} is rather`;
  find("filter-line").hidden = !many;
  find("classes").replaceChildren(...offered.map((label, place) => classButton(item, picture, label, place)));
  const more = fitting.length - offered.length;
  showText("more-classes", fitting.length ? (more ? `and ${more} more: find them by name` : "") : "no class is called so");
  find("give").hidden = !queue.several;
}

function likelyFirst(item, picture) {
  const first = [...item.suggested, ...picture.said.map(([label]) => label)];
  return [...new Set([...first, ...queue.classes.keys()])];
}

function classButton(item, picture, label, place) {
  const button = made("button", { text: `${queue.classes[label]} ` });
  button.type = "button";
  if (place < KEYS) {
    button.append(made("kbd", { text: String(place + 1) }));
    button.setAttribute("aria-keyshortcuts", String(place + 1));
  }
  button.classList.toggle("suggested", item.suggested.includes(label));
  button.classList.toggle("own", picture.labels.includes(label));
  if (queue.several) button.setAttribute("aria-pressed", String(chosen.has(label)));
  button.addEventListener("click", () => choose(label));
  return button;
}

/* One label is given at once; of several each is switched, and given together. */
function choose(label) {
  if (label === undefined) return;
  const { labels } = current().pictures[place.meant];
  if (!queue.several && labels.includes(label)) {
    if (current().pictures.length > 1) tell(`It is labelled ${queue.classes[label]} already.`);
    else decide("keep");
    return;
  }
  if (!queue.several) {
    relabel([label]);
    return;
  }
  if (!chosen.delete(label)) chosen.add(label);
  showClasses(queue.items[place.item], place.meant);
}

function beginChoice(item, meant) {
  chosen.clear();
  if (queue.several) item.pictures[meant].labels.forEach((label) => chosen.add(label));
  find("filter").value = "";
}
