"use strict";
/* Talks with the server. What it says is data: it is shown as text and never as markup. */

const find = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=review-token]").content;

class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "the server gave no reason");
    this.kind = (problem.type ?? "").split(":").pop();
  }
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json", "X-Review-Token": token };
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : {};
  let response;
  try {
    response = await fetch(`/review/${path}`, { ...options, cache: "no-store" });
  } catch {
    throw new Refused({ detail: "the server does not answer; nothing was decided" });
  }
  if (response.ok) return response.json();
  throw new Refused(await response.json().catch(() => ({ title: response.statusText })));
}

const pictureOf = (row, small = false) => `/review/pictures/${row}${small ? "?small=true" : ""}`;

/* An element with text, which is never read as markup, and with a class. */
function made(tag, { text = "", kind = "", children = [] } = {}) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}

function showText(id, text) {
  find(id).textContent = text;
  find(id).hidden = !text;
}
