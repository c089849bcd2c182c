// Set-up: your account, your folder, and the library fills while you watch.
import { part, post } from "../net/api.js";
import { all, discloses, need, one } from "../ui/dom.js";
import { dress } from "../ui/pictures.js";
import { submits } from "./form.js";
import { addLibrary } from "./folders.js";
import { watchJobs } from "./jobs.js";

/** @param {HTMLElement} root */
export function attach(root) {
  const account = /** @type {HTMLFormElement | null} */ (one("form[data-step=account]", root));
  const folder = /** @type {HTMLFormElement | null} */ (one("form[data-step=folder]", root));
  const done = one("[data-step=done]", root);
  /** @type {(() => void)[]} */
  const detach = [discloses(root)];
  if (account) {
    detach.push(
      submits(account, async (values) => {
        await post("/api/v1/setup", values);
        await post("/api/v1/auth/login", { username: values.username, password: values.password, cookie: true });
        location.href = "/setup";
      }),
    );
  }
  if (folder) {
    detach.push(
      submits(folder, async (values) => {
        await addLibrary({ path: values.path, name: values.name, kind: values.kind });
        location.href = "/setup?step=done";
      }),
    );
  }
  if (done) detach.push(watchJobs(need("[data-jobs]", done), { onChange: () => refreshTitles(done) }));
  return all(...detach);
}

let fetched = 0;

/** The posters that are there so far, at most every two seconds. @param {HTMLElement} root */
async function refreshTitles(root) {
  const place = one("[data-found]", root);
  if (!place || Date.now() - fetched < 2000) return;
  fetched = Date.now();
  const markup = await part("/setup?step=done&part=found");
  if (markup === null || place.contains(document.activeElement)) return; // whoever is on a poster keeps it
  place.innerHTML = markup; // our own server's markup, escaped there
  dress(place);
}
