// One Socket.IO connection to one namespace, by the page's own session. It tries again for as long as the page is open;
// a server whose places are all taken says so (`full`) and is asked again later.
import { io } from "socket.io-client";

const AGAIN_MS = 15000;

/**
 * @param {string} namespace
 * @param {{up: () => void, down: (why: string) => void, news: Record<string, (body: any) => void>}} listeners `down` is
 * told at every refusal and loss, also while there never was a connection
 * @returns {() => void} ends it
 */
export function connect(namespace, listeners) {
  const socket = io(namespace, { transports: ["websocket"], reconnectionDelay: 1000, reconnectionDelayMax: 10000, timeout: 8000 });
  let timer = 0;

  /** Socket.IO tries again by itself after a broken line, but takes the server's word for a no. */
  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => socket.connect(), AGAIN_MS);
  }

  socket.on("connect", listeners.up);
  socket.on("connect_error", (error) => {
    listeners.down(error.message);
    if (!socket.active) later();
  });
  socket.on("disconnect", (why) => {
    listeners.down(why);
    if (!socket.active) later();
  });
  Object.keys(listeners.news).forEach((name) => socket.on(name, listeners.news[name]));
  return () => {
    window.clearTimeout(timer);
    socket.disconnect();
  };
}
