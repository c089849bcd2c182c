// Tells the server where the viewer is: that keeps the place, and the token alive.
import { call } from "../net/api.js";
import { all, on } from "../ui/dom.js";

const PLAYING_S = 10;
const PAUSED_S = 60;
const ADDRESS = "/api/v1/player/progress";

/** @param {import("./player.js").Player} player */
export function attach(player) {
  let last = Date.now();
  let busy = false;

  const body = () => {
    const plan = player.plan();
    return {
      session_id: plan ? plan.session_id : "",
      token: player.token(),
      position: Math.round(player.position() * 1000) / 1000,
      paused: player.video.paused,
    };
  };

  async function report() {
    if (busy || !player.plan()) return;
    busy = true;
    last = Date.now();
    try {
      const answer = await call("POST", ADDRESS, body());
      if (answer && answer.prepared) {
        player.setPrepared(answer.prepared.map((/** @type {[number, number]} */ range) => ({ start: range[0], end: range[1] })));
      }
      player.tell("reported", true);
    } catch (_failed) {
      player.tell("reported", false); // playing goes on; the next report carries the same news
    } finally {
      busy = false;
    }
  }

  function leave() {
    if (!player.plan()) return;
    const json = JSON.stringify(body());
    try {
      navigator.sendBeacon(ADDRESS, new Blob([json], { type: "application/json" }));
    } catch (_refused) {
      // Chromium 60 to 80 refuses a beacon of this type; a page that is going may still wait for one small answer.
      const request = new XMLHttpRequest();
      request.open("POST", ADDRESS, false);
      request.setRequestHeader("Content-Type", "application/json");
      request.send(json);
    }
  }

  const timer = window.setInterval(() => {
    const every = player.video.paused ? PAUSED_S : PLAYING_S;
    if (Date.now() - last >= every * 1000) report();
  }, 1000);
  return all(
    on(player.video, "pause seeked ended", () => {
      if (Date.now() - last > 1000) report();
    }),
    on(window, "pagehide", leave),
    leave, // another title takes this player over
    () => window.clearInterval(timer),
  );
}
