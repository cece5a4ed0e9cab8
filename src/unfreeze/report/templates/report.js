"use strict";
addEventListener("beforeprint", () => {  // where a browser cannot open them by style alone
  for (const part of document.querySelectorAll("details")) part.open = true;
});
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const [truth, said, count] = ["filter-true", "filter-said", "filter-count"].map((id) => document.getElementById(id));
  const figures = [...document.querySelectorAll("#pictures figure[data-true]")];
  const has = (figure, key, label) => label === "" || figure.dataset[key].split(" ").includes(label);
  const apply = () => {
    let shown = 0;
    for (const figure of figures) {
      figure.hidden = !(has(figure, "true", truth.value) && has(figure, "said", said.value));
      shown += !figure.hidden;
    }
    for (const part of document.querySelectorAll("#pictures .kind")) {
      part.hidden = !part.querySelector("figure:not([hidden])");
    }
    count.textContent = `${shown} of ${figures.length} shown`;
  };
  const choose = (label, other) => { truth.value = label; said.value = other; apply(); };
  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  for (const button of document.querySelectorAll("button.show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      choose(button.dataset.true, button.dataset.said);
      document.getElementById("pictures").scrollIntoView();
      truth.focus({ preventScroll: true });
    });
  }
  apply();
})();
