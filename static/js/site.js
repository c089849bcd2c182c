// What every page runs: words, artwork, arrow keys, menus, and the one behaviour each `data-part` asks for.
import { setCatalog } from "./core/words.js";
import * as approve from "./pages/approve.js";
import * as doubts from "./pages/doubts.js";
import * as filters from "./pages/filters.js";
import * as folders from "./pages/folders.js";
import * as fresh from "./pages/fresh.js";
import * as grid from "./pages/grid.js";
import * as jobs from "./pages/jobs.js";
import * as keeping from "./pages/keeping.js";
import * as libraries from "./pages/libraries.js";
import * as login from "./pages/login.js";
import * as matching from "./pages/matching.js";
import * as pair from "./pages/pair.js";
import * as people from "./pages/people.js";
import * as playlist from "./pages/playlist.js";
import * as search from "./pages/search.js";
import * as settings from "./pages/settings.js";
import * as setup from "./pages/setup.js";
import * as toggles from "./pages/toggles.js";
import { data, many } from "./ui/dom.js";
import * as navigation from "./ui/navigation.js";
import * as pictures from "./ui/pictures.js";
import * as popup from "./ui/popup.js";
import * as theme from "./ui/theme.js";
import * as zone from "./ui/zone.js";
import { publishDevice } from "./player/probe.js";

/** @type {Record<string, {attach: (element: any) => unknown}>} */
const PARTS = {
  approve, doubts, filters, folders, fresh, grid, jobs, keeping, libraries, login, matching, pair, people, playlist, search, settings,
  setup, toggles,
};

theme.attach(document.documentElement);
zone.attach();
const words = data("words");
if (words) setCatalog(words);
pictures.attach(document);
navigation.attach(document);
popup.attach(document.body);
many("[data-part]").forEach((element) => {
  (element.dataset.part || "").split(" ").forEach((name) => PARTS[name] && PARTS[name].attach(element));
});
publishDevice();
