/* The picture, or the pair, that is to be decided on: large, with what its label says and what the model says. */

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const namesOf = (labels) => labels.map((label) => queue.classes[label]).join(", ") || "no label";
const SAYS = "The run’s model says";
const SIDES = { train: "trains", valid: "validates", test: "tests" };

function showItem(item, { meant, state }) {
  const subject = queue.subjects.find((each) => each.subject === item.subject);
  find("what").textContent = subject.title;
  find("detail-text").textContent = [subject.why, item.detail].filter(Boolean).join(": ");
  const pair = item.pictures.length > 1;
  find("pictures").replaceChildren(...item.pictures.map((picture, number) => figureOf(picture, number, { meant, pair })));
  showSaid(pair ? [] : item.pictures[0].said);
  find("keep-text").textContent = pair ? "Keep both" : `Keep ${shortened(namesOf(item.pictures[0].labels))}`;
  find("exclude-text").textContent = pair ? "Leave out the marked one" : "Leave out";
  showText("decided", state ? decidedInWords(item, state) : "");
}

function figureOf(picture, number, { meant, pair }) {
  const image = made("img");
  image.src = pictureOf(picture.row);
  image.alt = `${picture.path}, labelled ${namesOf(picture.labels)}`;
  const caption = made("figcaption", {
    children: [
      made("span", { kind: "label", text: `Label: ${namesOf(picture.labels)}` }),
      made("span", { text: `${picture.path} · ${SIDES[picture.split]} · ${picture.size.join(" × ")} pixels` }),
    ],
  });
  const figure = made("figure", { children: [pair ? pickOf(image, number, meant) : image, caption] });
  if (pair && picture.said.length) figure.append(made("p", { kind: "soft", text: SAYS }), barsOf(picture.said));
  return figure;
}

function pickOf(image, number, meant) {
  const button = made("button", { kind: number === meant ? "pick meant" : "pick", children: [image] });
  button.type = "button";
  button.setAttribute("aria-pressed", String(number === meant));
  button.addEventListener("click", () => mean(number));
  return button;
}

function showSaid(said) {
  find("said").replaceChildren(...(said.length ? [made("h3", { text: SAYS }), barsOf(said)] : []));
}

function barsOf(said) {
  const bars = made("ol", { kind: "bars" });
  bars.append(
    ...said.map(([label, probability], place) => {
      const fill = made("div", { kind: "fill" });
      fill.style.width = `${100 * probability}%`;
      const track = made("div", { kind: "track", children: [fill] });
      const parts = [made("span", { kind: "class", text: queue.classes[label] }), made("span", { kind: "percent", text: percent(probability) }), track];
      return made("li", { kind: place === 0 ? "said" : "", children: parts });
    }),
  );
  return bars;
}

function decidedInWords(item, { action, picture, label }) {
  const name = item.pictures.length > 1 ? `${item.pictures[picture].path}: ` : "";
  const words = { keep: item.pictures.length > 1 ? "both kept" : "kept", exclude: "left out", skip: "skipped", relabel: `labelled ${label}` };
  return `Decided: ${name}${words[action]}`;
}

const shortened = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);
