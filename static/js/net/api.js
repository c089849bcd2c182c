// Calls to the server's JSON API with the page's own session.
import { said } from "../core/words.js";

/** What the server said when it could not do something: a sentence, and a code for decisions. */
export class Problem extends Error {
  /** @param {number} status @param {{detail?: string, code?: string, errors?: {field: string, message: string}[]}} body @param {number} retryAfter */
  constructor(status, body, retryAfter) {
    super(body.detail ? said(body.detail) : ""); // the server's sentences are English; the catalog knows them
    this.status = status;
    this.code = body.code || (status ? "failed" : "offline");
    this.errors = body.errors || [];
    this.retryAfter = retryAfter;
  }
}

const csrf = () => {
  const meta = document.querySelector('meta[name="csrf-token"]');
  return meta ? meta.getAttribute("content") || "" : "";
};

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>} the answer's JSON, null for an empty one
 * @throws {Problem}
 */
export async function call(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw new Problem(0, { detail: String(error), code: "offline" }, 2);
  }
  const text = await answer.text();
  const json = text && /json/.test(answer.headers.get("Content-Type") || "") ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, json || {}, Number(answer.headers.get("Retry-After")) || 0);
  return json;
}

/** @param {string} path */
export const get = (path) => call("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => call("POST", path, body);
/** @param {string} path @param {unknown} [body] */
export const put = (path, body = {}) => call("PUT", path, body);
/** @param {string} path @param {unknown} [body] */
export const patch = (path, body = {}) => call("PATCH", path, body);
/** @param {string} path */
export const remove = (path) => call("DELETE", path);

/**
 * A piece of a page of ours, as markup; null where none came. Who was signed out meanwhile signs in and comes back here.
 * @param {string} path
 * @returns {Promise<string | null>}
 */
export async function part(path) {
  try {
    const answer = await fetch(path, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.status === 401) location.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    return answer.ok ? await answer.text() : null;
  } catch (_offline) {
    return null;
  }
}
