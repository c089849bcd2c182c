// What plays, for the lock screen, the headphones' buttons and the keyboard's media keys, where the browser passes it on.
import { all, on } from "../ui/dom.js";

const TELL_MS = 1000;

/**
 * @param {import("./player.js").Player} player
 * @param {{name: string, line: string, next: (() => void) | null}} film
 */
export function attach(player, film) {
  const session = navigator.mediaSession;
  if (!session || !window.MediaMetadata) return () => undefined;
  const { video } = player;
  let told = 0;
  session.metadata = new MediaMetadata({
    title: film.line && film.next ? film.line : film.name,
    artist: film.line && film.next ? film.name : film.line,
    artwork: [{ src: `/art/${player.mediaId}/poster?w=480`, sizes: "480x720" }],
  });

  /** @type {[MediaSessionAction, ((details: MediaSessionActionDetails) => void) | null][]} */
  const deeds = [
    ["play", () => player.play()],
    ["pause", () => video.pause()],
    ["seekbackward", (details) => player.seek(player.position() - (details.seekOffset || 10))],
    ["seekforward", (details) => player.seek(player.position() + (details.seekOffset || 10))],
    ["seekto", (details) => details.seekTime !== undefined && player.seek(Number(details.seekTime))],
    ["nexttrack", film.next],
  ];

  /** @param {MediaSessionAction} action @param {((details: MediaSessionActionDetails) => void) | null} run */
  function offer(action, run) {
    try {
      session.setActionHandler(action, run);
    } catch (_unknown) {
      return; // this engine does not know the action
    }
  }

  function place() {
    const duration = player.duration();
    if (!session.setPositionState || !(duration > 0) || Date.now() - told < TELL_MS) return;
    told = Date.now();
    session.setPositionState({ duration, position: Math.min(player.position(), duration), playbackRate: video.playbackRate });
  }

  deeds.forEach(([action, run]) => offer(action, run));
  return all(
    player.on("time", place),
    on(video, "play pause", () => (session.playbackState = video.paused ? "paused" : "playing")),
    () => deeds.forEach(([action]) => offer(action, null)),
  );
}
