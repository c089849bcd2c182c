// The playback token in an address: read it, replace it.
const PLACE = /\/play\/([^/]+)\//;

/** @param {string} url */
export function tokenOf(url) {
  const found = PLACE.exec(url);
  return found ? found[1] : "";
}

/** @param {string} url @param {string} token */
export const withToken = (url, token) => (token ? url.replace(PLACE, `/play/${token}/`) : url);
