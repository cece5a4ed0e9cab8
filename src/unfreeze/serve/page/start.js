/* Puts the page together: pictures come in, a few at a time are asked about, and answers are shown. */

const AT_A_TIME = 4;

const state = { pictures: [], waiting: [], asking: 0, selected: null, models: [], limits: null, stop: new AbortController() };

const chosenModel = () => state.models.find((model) => model.name === find("model").value) ?? state.models[0];

function tell(text) {
  find("status").textContent = text;
}

async function loadModels() {
  try {
    const { models, limits } = await askPatiently("/v1/models", {}, TRIES_WHILE_LOADING);
    Object.assign(state, { models, limits });
    find("model").replaceChildren(...models.map(({ name }) => new Option(name, name)));
    find("model-choice").hidden = models.length === 1;
    find("key-form").hidden = true;
    showAbout();
    goOn();
  } catch (error) {
    find("key-form").hidden = error.status !== 401;
    find("about").textContent = error.status === 401 ? "" : `No models: ${error.message}.`;
    if (error.status === 401) find("key").focus();
  }
}

function showAbout() {
  find("about").textContent = about(chosenModel());
}

function add(found) {
  if (!found.length) return;
  const pictures = found.map(({ file, name }) => ({ file, name }));
  const select = (picture) => choose(picture, { focus: true });
  find("rows").append(...pictures.map((picture) => rowOf(picture, { onSelect: select })));
  state.pictures.push(...pictures);
  const several = state.pictures.length > 1;
  find("answers").hidden = false;
  find("answers").classList.toggle("several", several);
  find("list").hidden = !several;
  enqueue(pictures);
  choose(pictures[0]);
}

function enqueue(pictures) {
  for (const picture of pictures) {
    Object.assign(picture, { answer: null, error: null, map: null, tta: find("tta").checked, model: chosenModel() });
    showRow(picture);
  }
  state.waiting.push(...pictures);
  goOn();
}

function goOn() {
  while (state.models.length && state.waiting.length && state.asking < AT_A_TIME) answer(state.waiting.shift());
  tell(state.pictures.length ? told(state.pictures) : "");
  find("retry").hidden = !state.pictures.some((picture) => picture.again);
}

async function answer(picture) {
  const { signal } = state.stop;
  state.asking += 1;
  picture.model ??= chosenModel();
  picture.again = false;
  try {
    if (picture.file.size > state.limits.picture_bytes) {
      throw new Refused({ status: 413, detail: `the file has ${picture.file.size.toLocaleString("en")} bytes, and the server takes ${state.limits.picture_bytes.toLocaleString("en")}` });
    }
    const { pictures } = await predict(picture.file, { model: picture.model.name, tta: picture.tta, signal });
    picture.answer = pictures[0];
  } catch (error) {
    if (signal.aborted) return;
    picture.error = error instanceof Refused ? error.message : "the file cannot be read any more";
    picture.again = [0, 401, 408, 429, 503, 504].includes(error.status);
    if (error.status === 401) find("key-form").hidden = false;
  } finally {
    if (!signal.aborted) state.asking -= 1;
  }
  showRow(picture);
  if (picture === state.selected) showDetail(picture);
  goOn();
}

/* Asks about all pictures anew, as after another model was chosen. */
function askAgain() {
  state.stop.abort();
  Object.assign(state, { waiting: [], asking: 0, stop: new AbortController() });
  enqueue(state.pictures);
  if (state.selected) showDetail(state.selected);
}

function choose(picture, { focus = false } = {}) {
  state.selected?.row.row.removeAttribute("aria-current");
  state.selected = picture;
  picture.row.row.setAttribute("aria-current", "true");
  showDetail(picture);
  if (focus && matchMedia("(max-width: 61.9rem)").matches) find("verdict").focus();
}

function clear() {
  state.stop.abort();
  Object.assign(state, { pictures: [], waiting: [], asking: 0, selected: null, stop: new AbortController() });
  find("rows").replaceChildren();
  find("answers").hidden = true;
  tell("");
  find("choose").focus();
}

async function askForMap() {
  const picture = state.selected;
  find("show-map").disabled = true;
  tell("Looking …");
  try {
    picture.map = await explain(picture.file, { model: picture.model.name, name: find("map-class").value });
    tell(find("map-class").value ? `Shown where it looked for ${picture.map.class}.` : "");
  } catch (error) {
    tell(`No map: ${error.message}.`);
  }
  find("show-map").disabled = false;
  if (picture === state.selected) showMap(picture);
}

const named = (files) => [...files].map((file) => ({ file, name: file.name }));

function listen() {
  for (const [button, input] of [["choose", "files"], ["photograph", "camera"]]) {
    find(button).addEventListener("click", () => find(input).click());
    find(input).addEventListener("change", (event) => {
      add(named(event.target.files));
      event.target.value = "";
    });
  }
  find("photograph").hidden = !matchMedia("(pointer: coarse)").matches; // where a camera is at hand
  addEventListener("paste", (event) => add(named(event.clipboardData.files)));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dragging"));
  addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    add(await droppedFiles(event.dataTransfer));
  });
  find("model").addEventListener("change", () => {
    showAbout();
    askAgain();
  });
  find("tta").addEventListener("change", askAgain);
  find("more").addEventListener("click", () => showDetail(state.selected, { all: true }));
  find("show-map").addEventListener("click", askForMap);
  find("map-class").addEventListener("change", () => state.selected.map && askForMap());
  find("save").addEventListener("click", () => save("predictions.csv", csvOf(state.pictures)));
  find("retry").addEventListener("click", () => enqueue(state.pictures.filter((picture) => picture.again)));
  find("clear").addEventListener("click", clear);
  find("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    serverKey = find("key").value;
    loadModels();
  });
  find("rows").addEventListener("keydown", (event) => {
    const next = neighbour(state.pictures, state.selected, event.key);
    if (!next) return;
    event.preventDefault();
    choose(next);
    next.row.button.focus();
  });
}

listen();
loadModels();
