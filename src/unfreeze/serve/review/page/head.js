/* What the decisions do to a head that is fitted anew. */

function showChanges(begin = "") {
  const { relabel, exclude } = state.counts;
  const changed = relabel + exclude > 0;
  find("retrain").disabled = !changed;
  const old = figuresOf !== null && figuresOf !== state.version ? "; decisions have changed since the figures below" : "";
  find("changes").textContent = changed ? `${begin}${relabel} relabelled, ${exclude} left out${old}` : "nothing is relabelled or left out yet";
}

let figuresOf = null;

async function retrain() {
  find("retrain").disabled = true;
  find("changes").textContent = "Fitting the head …";
  try {
    const found = await ask("retrain", { version: state.version });
    figuresOf = found.version;
    showFigures(found);
    showChanges(`Fitted in ${found.seconds.toFixed(1)} seconds: `);
  } catch (error) {
    showChanges();
    find("changes").textContent = `Not retrained: ${error.message}.`;
  }
}

function showFigures(found) {
  find("came-to").textContent = found.verdict;
  find("measure").textContent = found.measure;
  find("models").replaceChildren(...found.models.map(modelRow));
  find("notes").replaceChildren(...found.notes.map((text) => made("li", { text })));
  find("command").textContent = found.command;
  find("figures").hidden = false;
}

function modelRow({ name, before, after }) {
  const head = made("th", { text: name });
  head.scope = "row";
  return made("tr", { children: [head, ...[before, after].map((figures) => made("td", { kind: "number", text: accuracyInWords(figures) }))] });
}

function accuracyInWords({ right, count, interval }) {
  const [low, high] = interval.map((share) => (100 * share).toFixed(1));
  return `${percent(right / count)} (${low} to ${high}), ${right} of ${count}`;
}

async function copyCommand() {
  try {
    await navigator.clipboard.writeText(find("command").textContent);
    tell("The command is copied.");
  } catch {
    getSelection().selectAllChildren(find("command"));
    tell("The command is selected; copy it.");
  }
}
