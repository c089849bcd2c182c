// Drives hls.js or Shaka Player over one master: forced rung switches of three kinds, then the whole film with a
// switch at every segment. Returns what the player reported and what the <video> element showed.

import { steadyBuffers } from "/static/js/player/steady_buffers.js";

const video = document.getElementById("video");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function until(condition, limit = 20000) {
  const end = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > end) return false;
    await sleep(10);
  }
  return true;
}

function nextPicture(limit = 15000) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), limit);
    video.requestVideoFrameCallback((_now, picture) => {
      clearTimeout(timer);
      resolve(picture);
    });
  });
}

const ranges = () => Array.from({ length: video.buffered.length }, (_, n) => [video.buffered.start(n), video.buffered.end(n)]);

/** Where hls.js was, and what the element held by then. */
const placeOf = (frag) =>
  `${frag ? `${frag.type} ${frag.level}/${frag.sn} ${frag.start}-${frag.end}` : ""} at ${video.currentTime} of ${JSON.stringify(ranges())}`;

/** The last things that the player and the element told, for a switch that is not seen. */
const told = [];
const tell = (what) => told.push(`${performance.now().toFixed(0)} ${what} at ${video.currentTime.toFixed(2)}`) > 30 && told.shift();
for (const name of ["seeking", "seeked", "waiting", "playing", "pause", "ended", "stalled", "emptied", "resize"])
  video.addEventListener(name, () => tell(name));

async function hls(url, errors) {
  const tolerance = { maxFragLookUpTolerance: 0.05 }; // as the product's player
  const bufferController = steadyBuffers(window.Hls.DefaultConfig.bufferController); // the same
  const player = new window.Hls({ bufferController, maxBufferLength: 8, maxMaxBufferLength: 600, startLevel: 0, autoStartLoad: true, ...tolerance });
  const cancelled = "aborted"; // hls.js names so what it cancels itself on a switch
  player.on(window.Hls.Events.ERROR, (_event, data) => data.details !== cancelled &&
    errors.push({ fatal: data.fatal, details: data.details, reason: String(data.reason || data.error?.message || ""), at: placeOf(data.frag) }));
  for (const name of ["LEVEL_SWITCHING", "LEVEL_SWITCHED", "BUFFER_FLUSHING", "BUFFER_FLUSHED", "FRAG_LOADING", "FRAG_BUFFERED", "FRAG_CHANGED", "BUFFER_EOS"])
    player.on(window.Hls.Events[name], (_event, data) => tell(`${name} ${data?.frag ? placeOf(data.frag) : data?.type || (data?.level ?? "")}`));
  let playing = -1;
  player.on(window.Hls.Events.LEVEL_SWITCHED, (_event, data) => (playing = data.level));
  player.loadSource(url);
  player.attachMedia(video);
  await until(() => player.levels.length > 0);
  const rungs = player.levels.map((level, index) => ({ index, width: level.width, height: level.height }));
  return {
    rungs,
    now: (rung) => (player.currentLevel = rung.index),
    // Chromium may keep its last picture, for the rest of the film, where what it reads is removed and comes again
    // (https://github.com/video-dev/hls.js/issues/6355). Shaka Player always moves by a hair then.
    refresh: () => (video.currentTime = Math.max(0, video.currentTime - 0.001)),
    seam: (rung) => (player.loadLevel = rung.index),
    shows: (rung) => playing === rung.index,
    async film(random) {
      player.config.maxBufferLength = 600;
      const shuffle = () => (player.loadLevel = Math.floor(random() * rungs.length));
      player.on(window.Hls.Events.FRAG_BUFFERED, (_event, data) => data.frag.type === "main" && shuffle());
      player.currentLevel = 0;
    },
    destroy: () => player.destroy(),
  };
}

async function shakaPlayer(url, errors) {
  window.shaka.polyfill.installAll();
  const player = new window.shaka.Player();
  await player.attach(video);
  player.addEventListener("error", (event) =>
    errors.push({ fatal: event.detail.severity === 2, details: `shaka ${event.detail.code}`, reason: String(event.detail.data) }));
  player.configure({ abr: { enabled: false }, streaming: { bufferingGoal: 8, rebufferingGoal: 0.1 } });
  await player.load(url);
  const rungs = player.getVariantTracks().map((track, index) => ({ index, id: track.id, width: track.width, height: track.height }));
  const track = (rung) => player.getVariantTracks().find((candidate) => candidate.id === rung.id);
  return {
    rungs,
    now: (rung) => player.selectVariantTrack(track(rung), true),
    seam: (rung) => player.selectVariantTrack(track(rung), false),
    shows: (rung) => track(rung)?.active,
    async film(random) {
      player.configure({ streaming: { bufferingGoal: 600 } });
      player.selectVariantTrack(track(rungs[0]), true);
      const change = setInterval(() => player.selectVariantTrack(track(rungs[Math.floor(random() * rungs.length)]), false), 60);
      this.stop = () => clearInterval(change);
    },
    destroy() {
      this.stop?.();
      return player.destroy();
    },
  };
}

async function judged({ kind, url, switches, seed, cuts }, report) {
  const { errors, wrong, switches: kinds } = report, random = randomOf(seed);
  const player = await (kind === "hls" ? hls : shakaPlayer)(url, errors);
  report.rungs = player.rungs;
  await video.play();
  await until(() => video.currentTime > 0.1);
  video.loop = true; // on a busy machine a switch may outlast the film
  const length = video.duration, marks = cuts.filter((cut) => cut > 2 && cut < length - 2);
  let rung = null;
  for (let number = 0; number < switches && wrong.length < 5; number += 1) {
    if (video.currentTime > length - 8) { // a switch that is ordered as the film begins anew is not told of
      video.currentTime = 0.5;
      await until(() => !video.seeking && video.readyState >= 3);
    }
    if (video.paused) await video.play();
    const others = player.rungs.filter((candidate) => candidate !== rung);
    rung = others[Math.floor(random() * others.length)];
    const kindOfSwitch = ["now", "seek", "seam"][number % 3];
    kinds[kindOfSwitch] += 1;
    if (kindOfSwitch === "seam") {
      const mark = marks[Math.floor(random() * marks.length)];
      video.currentTime = mark - 0.4; // nearer than 0.25 s to a segment's end hls.js fetches the next one only, and skips
      await until(() => !video.seeking && video.readyState >= 3);
      player.seam(rung);
      if (video.paused) await video.play();
      const crossed = await until(() => video.currentTime > mark + 0.25);
      if (!crossed) wrong.push(`switch ${number}: stuck at ${video.currentTime} before ${mark}`);
      continue;
    }
    if (kindOfSwitch === "seek") {
      video.currentTime = 0.5 + random() * (length - 8);
      await until(() => !video.seeking);
    }
    player.now(rung);
    const isShown = () => player.shows(rung) && !video.seeking && video.readyState >= 3 && video.videoWidth === rung.width;
    let reached = await until(isShown, 2000);
    if (!reached && player.refresh && player.shows(rung)) {
      report.frozen += 1;
      player.refresh();
    }
    reached = reached || (await until(isShown, 18000));
    const picture = await nextPicture();
    if (!reached || !picture) {
      wrong.push(`switch ${number} (${kindOfSwitch}): ${picture ? "" : "no picture, "}${video.videoWidth}x${video.videoHeight} at ${video.currentTime}, not ${rung.width}x${rung.height}; buffered ${JSON.stringify(ranges())}; seeking ${video.seeking}, ready ${video.readyState}, paused ${video.paused}, shows ${player.shows(rung)}; ${told.join("; ")}`);
    } else if (video.videoHeight !== rung.height) {
      wrong.push(`switch ${number}: ${video.videoWidth}x${video.videoHeight}, not ${rung.width}x${rung.height}`);
    }
  }
  video.pause();
  video.currentTime = 0;
  await until(() => !video.seeking);
  await player.film(random);
  await until(() => ranges().length === 1 && ranges()[0][0] < 0.1 && ranges()[0][1] > length - 0.1, 20000);
  player.stop?.();
  const quality = video.getVideoPlaybackQuality();
  Object.assign(report, { buffered: ranges(), dropped: quality.droppedVideoFrames, pictures: quality.totalVideoFrames, length });
  await player.destroy();
  return report;
}

// What was found by then is the answer where a player never comes to an end, or the element refuses.
window.conform = ({ limit, ...options }) => {
  const report = { rungs: [], switches: { now: 0, seek: 0, seam: 0 }, errors: [], wrong: [], buffered: [], frozen: 0, length: 0, dropped: 0, pictures: 0 };
  const ended = (why) =>
    ({ ...report, wrong: [...report.wrong, `${why}, at ${video.currentTime}`], buffered: ranges(), length: video.duration || 0 });
  return Promise.race([
    judged(options, report).catch((error) => ended(String(error))),
    sleep(limit * 1000).then(() => ended(`not done after ${limit} s`)),
  ]);
};
window.ready = true;
