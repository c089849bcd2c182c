// A new playlist from its name.
import { post } from "../net/api.js";
import { submits } from "./form.js";

/** @param {HTMLFormElement} form */
export const attach = (form) =>
  submits(form, async (values) => {
    const made = await post("/api/v1/user/playlists", { name: values.name });
    location.href = `/playlists?id=${made.id}`;
  });
