/* One picture's answer: bars, what the network saw, and where it looked. */

const FIRST_CLASSES = 5;
const find = (id) => document.getElementById(id);

function showDetail(picture, { all = false } = {}) {
  const { answer, error } = picture;
  find("detail").className = error ? "failed" : answer?.refused ? "refused" : "";
  find("verdict").textContent = verdict(picture);
  find("file").textContent = picture.name;
  showText("why", why(picture));
  showText("members", membersInWords(picture));
  find("sure").hidden = !answer;
  showBars(answer, all);
  const square = find("square");
  square.closest(".seen").hidden = !answer;
  if (answer) square.src = answer.square;
  square.alt = answer ? `The square of ${picture.name} that the network saw` : "";
  showMapChoice(picture);
}

function showText(id, text) {
  find(id).textContent = text;
  find(id).hidden = !text;
}

function showBars(answer, all) {
  const classes = answer?.classes ?? [];
  const shown = all ? classes : classes.slice(0, FIRST_CLASSES);
  find("bars").replaceChildren(...shown.map((each) => barOf(each, answer)));
  find("more").hidden = shown.length === classes.length;
  find("more").textContent = `Show all ${classes.length} classes`;
}

function barOf({ name, probability }, answer) {
  const item = document.createElement("li");
  const parts = ["class", "percent", "track"].map((kind) => {
    const part = document.createElement(kind === "track" ? "div" : "span");
    part.className = kind;
    return part;
  });
  parts[0].textContent = name;
  parts[1].textContent = percent(probability);
  const fill = document.createElement("div");
  fill.className = "fill";
  fill.style.width = `${100 * probability}%`;
  parts[2].append(fill);
  item.className = answer.names.includes(name) ? "said" : "";
  item.append(...parts);
  return item;
}

function showMapChoice(picture) {
  find("look").hidden = !picture.answer || !picture.model.maps;
  const choice = find("map-class");
  choice.replaceChildren(...(picture.answer?.classes ?? []).map(({ name }) => new Option(name, name)));
  if (picture.map) choice.value = picture.map.class;
  showMap(picture);
}

function showMap(picture) {
  find("map-figure").hidden = !picture.map;
  if (!picture.map) return;
  find("map").src = picture.map.map;
  find("map").alt = `The same square, coloured where it speaks for ${picture.map.class} and against it`;
  find("map-caption").textContent = `Orange speaks for ${picture.map.class}, blue against`;
}
