// Joins the page's parts: a file is chosen, its square drawn, the answer shown.

import { openModel } from "./model.js";
import { drawn, squareOf } from "./square.js";

const element = (id) => document.getElementById(id);

async function show(model, file) {
  const square = await squareOf(file, model.about.transform);
  const answer = await model.answer(square);
  drawn(square, model.about.transform.size_px, element("seen"));
  element("state").textContent = answer.refused
    ? `None of these (most like ${answer.classes[0].name})`
    : answer.classes[0].name;
  element("answer").replaceChildren(
    ...answer.classes.slice(0, 5).map(({ name, probability }) => {
      const row = document.createElement("li");
      const bar = Object.assign(document.createElement("progress"), { value: probability });
      bar.setAttribute("aria-label", name);
      row.append(name, bar, `${(100 * probability).toFixed(1)} %`);
      return row;
    }),
  );
}

try {
  const model = await openModel("model");
  element("picture").disabled = false;
  element("state").textContent = `Ready: ${model.about.classes.join(", ")}`;
  element("picture").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    try {
      await show(model, file);
    } catch (error) {
      element("state").textContent = `${file.name}: ${error.message}`;
    }
  });
} catch (error) {
  element("state").textContent = `The model cannot be loaded: ${error.message}`;
}
