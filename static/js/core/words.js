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

/** What differs from one sentence of a kind to the next: a number, a country, a word alone in brackets. */
const VALUES = /\((\w+)\)|\b[A-Z]{2}\b|\d+(?:\.\d+)?/g;

/**
 * A sentence of the server's, which is English; numbers and codes inside it are `{a}`, `{b}` … in the catalog.
 * @param {string} text
 */
export function said(text) {
  if (catalog.words[text]) return t(text);
  /** @type {Record<string, string>} */
  const values = {};
  let place = 97; // a
  const key = text.replace(VALUES, (whole, word) => {
    const name = String.fromCharCode(place++);
    values[name] = word || whole;
    return word ? `({${name}})` : `{${name}}`;
  });
  return catalog.words[key] ? t(key, values) : text;
}

/** Several such sentences, divided by semicolons. @param {string} text */
export const sentences = (text) => text.split(/; (?![^(]*\))/).map(said).join("; ");

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
