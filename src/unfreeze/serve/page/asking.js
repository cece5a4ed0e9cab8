"use strict";
/* Talks with the server. What it says is data: it is shown as text and never as markup. */

const MOST_TRIES = 6;
const TRIES_WHILE_LOADING = 120;
const ALL_CLASSES = 10000;

let serverKey = "";

class Refused extends Error {
  constructor(problem, retrySeconds) {
    super(problem.detail || problem.title || "the server gave no reason");
    this.status = problem.status;
    this.retrySeconds = retrySeconds;
  }
}

async function ask(path, options = {}) {
  const headers = serverKey ? { "X-API-Key": serverKey } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ status: 0, detail: "the server does not answer" });
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({ status: response.status, title: response.statusText }));
  throw new Refused(problem, Number(response.headers.get("Retry-After")) || 1);
}

/* Asks again where the server says that it is busy, as often as that can help. */
async function askPatiently(path, options, mostTries = MOST_TRIES) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(path, options);
    } catch (error) {
      if (tries === mostTries || ![429, 503].includes(error.status)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(10, error.retrySeconds)));
    }
  }
}

function predict(file, { model, tta, signal }) {
  const query = new URLSearchParams({ model, tta, squares: true, top_k: ALL_CLASSES });
  return askPatiently(`/v1/predict?${query}`, { method: "POST", body: file, signal });
}

function explain(file, { model, name }) {
  return askPatiently(`/v1/explain?${new URLSearchParams({ model, class: name })}`, { method: "POST", body: file });
}
