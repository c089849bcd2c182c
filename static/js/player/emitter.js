// News of one thing to whoever listens.

/** @returns {{on: (name: string, listener: (value?: any) => void) => () => void, tell: (name: string, value?: any) => void}} */
export function emitter() {
  /** @type {Record<string, ((value?: any) => void)[]>} */
  const listeners = {};
  return {
    on(name, listener) {
      (listeners[name] = listeners[name] || []).push(listener);
      return () => {
        listeners[name] = listeners[name].filter((one) => one !== listener);
      };
    },
    tell(name, value) {
      (listeners[name] || []).slice().forEach((listener) => listener(value));
    },
  };
}
