/* The table of several pictures, and the same as CSV. */

function rowOf(picture, { onSelect }) {
  const row = document.createElement("tr");
  const image = document.createElement("img");
  const button = document.createElement("button");
  const cells = [image, button, ""].map((content) => {
    const cell = row.insertCell();
    cell.append(content);
    return cell;
  });
  image.alt = "";
  image.hidden = true;
  button.type = "button";
  button.textContent = picture.name;
  button.addEventListener("click", () => onSelect(picture));
  picture.row = { row, image, button, answer: cells[2] };
  return row;
}

function showRow(picture) {
  const { image, answer } = picture.row;
  answer.textContent = inOneLine(picture);
  answer.className = picture.error || picture.answer?.refused ? "none" : "";
  image.hidden = !picture.answer?.square;
  if (picture.answer?.square) image.src = picture.answer.square;
}

function neighbour(pictures, picture, key) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  return step && pictures[pictures.indexOf(picture) + step];
}

const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/* A row a picture, in the columns of `unfreeze predict --csv`: what is none of these has a most probable class too. */
function csvOf(pictures) {
  const classes = [...new Set(pictures.flatMap((picture) => picture.model.classes))];
  const rows = pictures.map(({ name, answer, error, model }) => {
    const found = new Map(answer?.classes.map((each) => [each.name, each.probability]));
    const said = answer?.classes.filter((each, rank) => (model.several ? each.probability > 0.5 : rank === 0)) ?? [];
    const refused = answer && model.refusal ? (answer.refused ? "yes" : "no") : "";
    const known = [answer?.distance ?? "", refused, answer?.set?.join(";") ?? ""];
    return [name, said.map((each) => each.name).join(";"), error ?? "", ...known, ...classes.map((each) => found.get(each) ?? "")];
  });
  const head = ["path", "predicted", "error", "distance", "refused", "set", ...classes.map((each) => `p:${each}`)];
  return [head, ...rows].map((row) => row.map(String).map(quoted).join(",") + "\n").join("");
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
