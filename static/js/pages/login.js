// Signing in: the cookie comes back with the answer, then on to where the visitor wanted to go.
import { post } from "../net/api.js";
import { submits } from "./form.js";

/** @param {HTMLFormElement} form */
export const attach = (form) =>
  submits(form, async (values) => {
    await post(form.dataset.action || "/api/v1/auth/login", Object.assign({ cookie: true }, values));
    if (form.dataset.action) await post("/api/v1/auth/login", { username: values.username, password: values.password, cookie: true });
    location.href = form.dataset.next || "/";
  });
