// Asks this browser what it can play and leaves the answer in a cookie: the server then prepares the film while it
// renders the player page, before any script has run.
import { deviceProfile } from "../core/device.js";

const COOKIE = "matinee_device";

/** @returns {import("../types").DeviceProfile} */
export function probe() {
  const video = document.createElement("video");
  const source = window.MediaSource;
  const native = video.canPlayType("application/vnd.apple.mpegurl") !== "";
  return deviceProfile({
    segments: (type) => (source ? source.isTypeSupported(type) : native && video.canPlayType(type) === "probably"),
    file: (type) => video.canPlayType(type) === "probably",
    height: Math.min(screen.width, screen.height) * (window.devicePixelRatio || 1),
    hdr: window.matchMedia("(dynamic-range: high)").matches,
    channels: 2,
    tv: document.documentElement.hasAttribute("data-tv"),
  });
}

/** The profile as the cookie carries it: base64url of its JSON. @param {import("../types").DeviceProfile} profile */
const packed = (profile) => btoa(JSON.stringify(profile)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** Renews the cookie. Cheap enough (a few ms) for every page, and a browser's update shows at once. */
export function publishDevice() {
  const value = packed(probe());
  if (document.cookie.indexOf(`${COOKIE}=${value}`) < 0) {
    document.cookie = `${COOKIE}=${value}; path=/; max-age=31536000; samesite=lax`;
  }
}
