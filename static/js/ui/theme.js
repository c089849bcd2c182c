// TV mode: chosen in the settings, or known from the browser's name. The server sets it when the cookie is there.
const TELEVISIONS = /\b(Web0S|webOS|SMART-TV|SmartTV|Tizen|BRAVIA|AFT[A-Z]|Android TV|HbbTV|CrKey)\b/;

/** @param {HTMLElement} root the document's element */
export function attach(root) {
  const chosen = /(?:^|; )matinee_tv=([01])/.exec(document.cookie);
  const known = TELEVISIONS.test(navigator.userAgent);
  const tv = chosen ? chosen[1] === "1" : known;
  if (tv) root.setAttribute("data-tv", "");
  if (!chosen && known) document.cookie = "matinee_tv=1; path=/; max-age=31536000; samesite=lax";
  return () => root.removeAttribute("data-tv");
}
