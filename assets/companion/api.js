// Questions to the server. What changes something carries the session's token.

let token = null;

// What the server said no to, in words for people.
export class Refused extends Error {}

// The session: {token, network, device, expires}.
export async function session() {
  const found = await get("/api/session");
  token = found.token;
  return found;
}

let going = false;

// Go to the page for the code, once.
export function askForCode() {
  if (!going) location.assign("/pair");
  going = true;
}

export const get = path => ask("GET", path);
export const remove = path => ask("DELETE", path);
export const post = (path, body = {}) => ask("POST", path, JSON.stringify(body), "application/json");
export const upload = (path, form) => ask("POST", path, form);

async function ask(method, path, body, type) {
  const headers = type ? { "Content-Type": type } : {};
  if (method !== "GET") {
    if (token === null) await session();
    headers["X-Fingerpost-Token"] = token;
  }
  const answer = await fetch(path, { method, headers, body, cache: "no-store" }).catch(() => {
    throw new Refused("The companion page's server does not answer. Is `fingerpost companion` still running?");
  });
  if (answer.status === 401) {
    askForCode();
    throw new Refused("Your session has ended. Enter a new code.");
  }
  const text = await answer.text();
  const told = text && (answer.headers.get("Content-Type") || "").includes("json") ? JSON.parse(text) : {};
  if (!answer.ok) throw new Refused(told.error || `The server refused this (${answer.status}).`);
  return told;
}
