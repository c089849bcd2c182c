// Another title in the same player: the page around the <video> is exchanged, the element stays, and with it full screen,
// picture-in-picture, volume, speed and the browser's leave to play.
import { many, need } from "../ui/dom.js";
import { dress } from "../ui/pictures.js";

const DATA = ["plan", "next", "tracks"];

/** The page of that title; null where the browser has to go there itself (signed out, gone, no line). @param {string} url */
async function fetched(url) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (_offline) {
    return null;
  }
}

/** @param {Element} from @param {Element} to */
function takeAttributes(from, to) {
  [].slice.call(to.attributes).forEach((/** @type {Attr} */ one) => from.hasAttribute(one.name) || to.removeAttribute(one.name));
  [].slice.call(from.attributes).forEach((/** @type {Attr} */ one) => to.setAttribute(one.name, one.value));
}

/** @param {HTMLElement} root @param {HTMLElement} fresh */
function takeAround(root, fresh) {
  const video = need("video", root);
  takeAttributes(fresh, root);
  [].slice.call(root.childNodes).forEach((/** @type {ChildNode} */ one) => one !== video && one.remove());
  let behind = false;
  [].slice.call(fresh.childNodes).forEach((/** @type {Node} */ one) => {
    if (one.nodeName === "VIDEO") {
      behind = true;
      takeAttributes(/** @type {Element} */ (one), video);
    } else root.insertBefore(document.importNode(one, true), behind ? null : video);
  });
}

/**
 * @param {HTMLElement} root
 * @param {string} mediaId
 * @param {() => void} detach ends what is attached to the old page
 * @returns {Promise<boolean>} false: the browser goes there itself
 */
export async function turnTo(root, mediaId, detach) {
  const url = `/watch/${mediaId}`;
  const page = await fetched(url);
  const fresh = page && /** @type {HTMLElement | null} */ (page.querySelector("[data-player]"));
  if (!page || !fresh) {
    location.replace(url);
    return false;
  }
  const video = /** @type {HTMLVideoElement} */ (need("video", root));
  video.defaultPlaybackRate = video.playbackRate;
  detach();
  takeAround(root, fresh);
  DATA.forEach((id) => {
    many(`#${id}`).forEach((old) => old.remove());
    const given = page.getElementById(id);
    if (given) document.body.appendChild(document.importNode(given, true));
  });
  document.title = page.title;
  history.replaceState(null, "", url);
  dress(root);
  return true;
}
