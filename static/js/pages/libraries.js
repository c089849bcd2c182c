// Administration of libraries: add a folder, scan it, rename it, let it go.
import { all, discloses, on, one } from "../ui/dom.js";
import { call } from "../net/api.js";
import { toast } from "../ui/toast.js";
import { addLibrary } from "./folders.js";
import { sentence, submits } from "./form.js";

/** @param {HTMLElement} root */
export function attach(root) {
  const form = /** @type {HTMLFormElement | null} */ (one("form[data-add]", root));
  const detach = [
    discloses(root),
    on(root, "change", async (event) => {
      const field = event.target.closest("[data-patch]");
      if (!field) return;
      try {
        await call("PATCH", field.dataset.patch, { [field.name]: field.value });
      } catch (error) {
        toast(sentence(error));
      }
    }),
  ];
  if (form) {
    detach.push(
      submits(form, async (values) => {
        await addLibrary({ path: values.path, name: values.name, kind: values.kind });
        location.href = "/admin/";
      }),
    );
  }
  return all(...detach);
}
