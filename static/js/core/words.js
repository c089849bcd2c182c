// The interface's words in scripts: English is the key, a catalog (embedded in the page) gives the other language.

/** @typedef {{words: Record<string, string | string[]>, locale: string}} Catalog */
/** @type {Catalog} */
let catalog = { words: {}, locale: "en" };

/** @param {Catalog} given */
export function setCatalog(given) {
  catalog = given;
}

/** @param {string} text @param {Record<string, string | number>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/**
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  const word = catalog.words[text];
  return filled(typeof word === "string" && word ? word : text, values);
}

/**
 * A counted phrase; `{n}` is the number.
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function count(one, many, n, values = {}) {
  const forms = catalog.words[one];
  const text = Array.isArray(forms) ? forms[pluralForm(catalog.locale, n)] : n === 1 ? one : many;
  return filled(text || many, Object.assign({ n: n.toLocaleString(catalog.locale) }, values));
}

/**
 * Index of the plural form, as gettext numbers them for English and Russian.
 * @param {string} locale
 * @param {number} n
 */
export function pluralForm(locale, n) {
  if (locale !== "ru") return n === 1 ? 0 : 1;
  const ten = n % 10;
  const hundred = n % 100;
  if (ten === 1 && hundred !== 11) return 0;
  return ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? 1 : 2;
}

export const locale = () => catalog.locale;
